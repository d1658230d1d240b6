//! README.md tells the truth: its transcripts are run again, against a real nats-server, and
//! compared. `UPDATE_EXPECT=1` writes them.

use std::path::PathBuf;

use libtest_mimic::Trial;

use super::binary::Evctl;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("readme::transcripts_are_real", &[Need::Nats], transcripts_are_real)]
}

/// Where a reader's own server is.
const ADDRESS: &str = "nats://127.0.0.1:4222";

fn transcripts_are_real() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let nats = Nats::start();
    let mut told = String::new();
    let mut commands = 0;
    let mut inside = false;
    for line in text.lines() {
        let fence = line.starts_with("```");
        if fence {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ evctl ") {
            commands += 1;
            if !told.ends_with("```console\n") {
                told.push('\n');
            }
            told += &format!("{line}\n{}", run(command, &nats.url()));
            continue;
        }
        if !inside || line == "```console" {
            told += &format!("{line}\n");
        }
    }
    assert!(commands >= 3, "README.md shows {commands} commands");
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(file, &told).unwrap();
        return;
    }
    let diff = similar::TextDiff::from_lines(&text, &told);
    assert!(text == told, "README.md\n{}", diff.unified_diff());
}

fn run(command: &str, url: &str) -> String {
    let words: Vec<String> =
        command.split_whitespace().map(|word| word.replace(ADDRESS, url)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Evctl::new(&words).run().to_string().replace(url, ADDRESS)
}
