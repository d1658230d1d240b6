//! The repositories of the bench: nothing above a note is to be said of them, and they are the same every time.

#[path = "../../benches/generate.rs"]
mod generate;

use evctl::diag::{Finding, Severity};
use evctl::model::{Assumed, Input, load};
use evctl::topology::resolve;
use generate::{Mix, Repository};
use libtest_mimic::Trial;

use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("generated::triggers_are_clean", || clean("triggers")),
        plain("generated::a_mix_is_clean", || clean("mixed")),
    ]
}

fn clean(mix: &str) {
    for (documents, per_file) in [(1, 1), (200, 7), (400, 400)] {
        let repository = Repository { mix: Mix::named(mix), documents, per_file };
        let files = repository.files();
        assert_eq!(files, repository.files());
        let input = |(name, text): &(String, String)| Input::named(name, Ok(text.clone().into()));
        let assumed = Assumed::default();
        let loaded = load(files.iter().map(input).collect(), "default", &assumed);
        let resolved = resolve(&loaded.manifests, &assumed);
        assert_eq!(loaded.manifests.len(), documents);
        assert_eq!(loaded.findings, []);
        let above_notes = resolved.findings.iter().filter(|f| f.severity > Severity::Note);
        assert_eq!(above_notes.collect::<Vec<_>>(), Vec::<&Finding>::new());
        assert_eq!(resolved.dangling, []);
    }
}
