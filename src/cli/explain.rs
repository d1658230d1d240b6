//! `evctl explain`: what a code means, from docs/diagnostics.md, which is built in.

use clap::Args;

use crate::diag::Code;

use super::exit::Exit;
use super::ui::Ui;

const PAGE: &str = include_str!("../../docs/diagnostics.md");

/// Say what a finding's code means, or list every code
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code, such as `dangling-reference`; every code where none is named
    #[arg(value_name = "CODE")]
    pub(super) code: Option<String>,
}

/// Runs the verb.
pub(super) fn run(args: &ExplainArgs, ui: Ui) -> Exit {
    let Some(name) = &args.code else {
        ui.out(&list());
        return Exit::Done;
    };
    match Code::parse(name) {
        Some(code) => {
            ui.out(&format!("{}\n\n{}\n", code.name(), section(code)));
            Exit::Done
        }
        None => {
            ui.status(&format!("error: there is no code `{name}`{}\n", near(name)));
            Exit::Usage
        }
    }
}

/// What the page says under the heading of a code.
pub(super) fn section(code: Code) -> &'static str {
    let heading = format!("\n## {}\n", code.name());
    let after = PAGE.split_once(&heading).map_or("", |(_, after)| after);
    after.split_once("\n## ").map_or(after, |(section, _)| section).trim()
}

fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.name().len()).max().unwrap_or(0);
    let line = |code: &Code| {
        format!("{:width$}  {:7}  {}\n", code.name(), code.severity().word(), code.summary())
    };
    Code::ALL.iter().map(line).collect()
}

fn near(name: &str) -> String {
    let distance = |code: &&Code| strsim::damerau_levenshtein(name, code.name());
    match Code::ALL.iter().min_by_key(distance).filter(|code| distance(code) <= 3) {
        Some(code) => format!("; did you mean `{}`?", code.name()),
        None => "; `evctl explain` lists them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_section() {
        let mut sections: Vec<&str> = Code::ALL.iter().map(|code| section(*code)).collect();
        for (code, section) in Code::ALL.iter().zip(&sections) {
            assert!(section.contains(code.summary()) && !section.contains("## "), "{section}");
        }
        sections.sort_unstable();
        sections.dedup();
        assert_eq!(sections.len(), Code::ALL.len());
    }
}
