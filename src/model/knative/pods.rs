//! The little of a pod that Knative's webhooks look at: its containers. The rest of a pod template
//! is left to the API server.

use crate::diag::Code;
use crate::model::Path;
use crate::model::reading::Reading;
use crate::model::yaml::{Node, Value};

/// What becomes of a container without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// The webhook gives it one.
    ByDefault,
    /// It is refused.
    Demanded,
}

/// The containers of the pod at a path: at least one, each with an image.
pub(super) fn containers(reading: &mut Reading<'_>, pod: &Path, naming: Naming) {
    let path = pod.key("containers");
    let Some(node) = reading.node(&path) else {
        return reading.missing(&path, "a pod has at least one container");
    };
    let Value::Sequence(containers) = &node.value else {
        let message = format!("`{path}` is not a list");
        return reading.fault(Code::WrongType, &path, message, "write a list of containers");
    };
    if containers.is_empty() {
        let message = "a pod has at least one container";
        reading.fault_at_key(Code::InvalidValue, &path, message, "add a container with an image");
    }
    for (number, container) in containers.iter().enumerate() {
        let at = path.index(number);
        demand(reading, &at, container, "image", "name the image to run");
        if naming == Naming::Demanded {
            demand(reading, &at, container, "name", "give the container a name");
        }
    }
}

fn demand(reading: &mut Reading<'_>, at: &Path, container: &Node, field: &str, help: &str) {
    if container.get(field).and_then(Node::text).is_none_or(str::is_empty) {
        reading.missing(&at.key(field), help);
    }
}
