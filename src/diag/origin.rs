//! Where text came from that another tool has made: places in it that are written, word for word, in a
//! file of the user's, and the files its documents come from. Knows nothing of that tool.

use std::collections::BTreeMap;

use super::sources::{Location, Span};
use super::{Finding, Label};

/// What is known of the origin of generated texts.
#[derive(Debug, Default)]
pub struct Origins {
    /// From a place in a generated text to the same value in the file where it is written.
    same: BTreeMap<Location, Location>,
    documents: Vec<Document>,
}

/// A generated document and what a reader should be shown beside it.
#[derive(Debug)]
struct Document {
    at: Location,
    label: Label,
}

impl Origins {
    /// Says that the value at `built` stands, unchanged, at `origin`.
    pub fn same(&mut self, built: Location, origin: Location) {
        self.same.entry(built).or_insert(origin);
    }

    /// Says where a generated document comes from.
    pub fn document(&mut self, built: Location, origin: Location, text: &str) {
        self.documents.push(Document { at: built, label: Label { at: origin, text: text.into() } });
    }

    /// The place where a value is written, as far as that is known.
    pub fn of(&self, at: Location) -> Location {
        self.same.get(&at).copied().unwrap_or(at)
    }

    /// Lets findings point at the files where their values are written. One about a value that was
    /// changed on the way stays where it is, and names the origin of its document beside.
    pub fn settle(&self, findings: &mut [Finding]) {
        for finding in findings {
            for label in &mut finding.related {
                label.at = self.of(label.at);
            }
            let Some(at) = finding.at else { continue };
            finding.at = Some(self.of(at));
            let label = self.documents.iter().find(|document| holds(document.at, at));
            if let Some(Document { label, .. }) = label
                && finding.at == Some(at)
                && !finding.related.contains(label)
            {
                finding.related.push(label.clone());
            }
        }
    }
}

fn holds(outer: Location, inner: Location) -> bool {
    let Span { start, end } = outer.span;
    outer.file == inner.file && start <= inner.span.start && inner.span.end <= end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Code, FileId};

    fn at(file: u32, start: usize, end: usize) -> Location {
        Location { file: FileId(file), span: Span { start, end } }
    }

    #[test]
    fn findings_go_to_where_their_values_are_written() {
        let mut origins = Origins::default();
        origins.same(at(0, 4, 6), at(1, 14, 16));
        origins.document(at(0, 0, 9), at(1, 10, 12), "made from this");
        let finding = |place| Finding::new(Code::WrongType, "m", "h").at(place);
        let mut findings = [finding(at(0, 4, 6)), finding(at(0, 4, 7)), finding(at(0, 10, 11))];
        origins.settle(&mut findings);
        origins.settle(&mut findings);
        let places: Vec<_> = findings.iter().map(|f| (f.at, f.related.len())).collect();
        let expected = [(Some(at(1, 14, 16)), 0), (Some(at(0, 4, 7)), 1), (Some(at(0, 10, 11)), 0)];
        assert_eq!(places, expected);
    }
}
