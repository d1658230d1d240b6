//! sources.knative.dev: what produces events (shared/facts/knative.md §1), one file per kind.

mod api_server;
mod container;
mod integration;
mod overrides;
mod ping;
mod sink_binding;

pub use api_server::ApiServerSourceSpec;
pub use container::ContainerSourceSpec;
pub use integration::IntegrationSourceSpec;
pub use overrides::CloudEventOverrides;
pub use ping::PingSourceSpec;
pub use sink_binding::{SinkBindingSpec, Subject};

use crate::model::kinds::Kind;

use super::duck::Destination;

/// The group of every kind of the family, and of many that evctl knows by their sink alone.
pub const GROUP: &str = "sources.knative.dev";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<PingSourceSpec>(GROUP, "PingSource", "v1"),
    Kind::of::<PingSourceSpec>(GROUP, "PingSource", "v1beta2"),
    Kind::of::<ApiServerSourceSpec>(GROUP, "ApiServerSource", "v1"),
    Kind::of::<ContainerSourceSpec>(GROUP, "ContainerSource", "v1"),
    Kind::of::<SinkBindingSpec>(GROUP, "SinkBinding", "v1"),
    Kind::of::<IntegrationSourceSpec>(GROUP, "IntegrationSource", "v1alpha1"),
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Source {
    Ping(Box<PingSourceSpec>),
    ApiServer(Box<ApiServerSourceSpec>),
    Container(Box<ContainerSourceSpec>),
    SinkBinding(Box<SinkBindingSpec>),
    Integration(Box<IntegrationSourceSpec>),
}

impl Source {
    /// Where its events go.
    pub fn sink(&self) -> &Destination {
        match self {
            Self::Ping(spec) => &spec.sink,
            Self::ApiServer(spec) => &spec.sink,
            Self::Container(spec) => &spec.sink,
            Self::SinkBinding(spec) => &spec.sink,
            Self::Integration(spec) => &spec.sink,
        }
    }
}
