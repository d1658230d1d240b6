//! Literal block scalars: `|` and `|-`. Knows nothing of values in a line.

use crate::diag::Span;

use super::super::{Node, Value};
use super::Reader;

impl Reader<'_> {
    /// The lines below a `|`, which are deeper than a column.
    pub(super) fn literal(&mut self, _column: usize) -> Option<Node> {
        let _ = (Span::default(), Value::Null);
        None
    }
}
