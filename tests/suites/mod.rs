//! The suites, cheapest first.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails; where things are is said by the environment"
)]

mod bad_input;
mod binary;
mod corpus;
mod fixtures;
mod golden;
mod in_process;
mod live_both_planes;
mod live_changes;
mod live_faults;
mod live_jetstream;
mod live_kubernetes;
mod load_properties;
mod load_target;
mod lowered_models;
mod model_shapes;
mod readme;
mod recorded_deliveries;
mod recorded_objects;
mod shape_properties;
mod simulation_properties;
mod world_properties;

use libtest_mimic::Trial;

/// Every test.
pub(crate) fn trials() -> Vec<Trial> {
    [
        fixtures::trials(),
        shape_properties::trials(),
        model_shapes::trials(),
        lowered_models::trials(),
        world_properties::trials(),
        simulation_properties::trials(),
        load_properties::trials(),
        corpus::trials(),
        recorded_objects::trials(),
        recorded_deliveries::trials(),
        bad_input::trials(),
        golden::trials(),
        readme::trials(),
        live_jetstream::trials(),
        live_kubernetes::trials(),
        live_changes::trials(),
        live_both_planes::trials(),
        live_faults::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A test that needs nothing but the project.
pub(crate) fn plain(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
