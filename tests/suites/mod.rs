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
mod cook;
mod corpus;
mod crd_fields;
mod credentials;
mod eventing_routes;
mod features;
mod fixtures;
mod generated;
mod golden;
mod in_process;
mod inputs;
mod kustomize;
mod live_both_planes;
mod live_changes;
mod live_channel_controller;
mod live_cluster;
mod live_connections;
mod live_destroy;
mod live_faults;
mod live_impact;
mod live_import;
mod live_interrupted;
mod live_jetstream;
mod live_killed;
mod live_knative;
mod live_knative_verdicts;
mod live_kubernetes;
mod live_kubernetes_creates;
mod live_kubernetes_faults;
mod live_kubernetes_prune;
mod live_kubernetes_reads;
mod live_kubernetes_replace;
mod live_kubernetes_shortcut;
mod live_lock;
mod live_moved;
mod live_nack;
mod live_nack_stores;
mod live_preflight;
mod live_prune;
mod live_ready;
mod live_recipe;
mod live_reported;
mod live_saved_plan;
mod live_secrets;
mod live_sites;
mod live_unread;
mod load;
mod load_properties;
mod load_target;
mod lowered_corpus;
mod lowered_models;
mod model_shapes;
mod output_forms;
mod project_file;
mod readme;
mod recorded_admission;
mod recorded_changes;
mod recorded_deliveries;
mod recorded_flows;
mod recorded_objects;
mod rule_book;
mod running;
mod schemas;
mod secrecy;
mod shape_properties;
mod shape_properties_nats;
mod shape_seeds;
mod shape_seeds_flows;
mod simulation_properties;
mod suggestions;
mod terminals;
mod world_properties;
mod yaml_as_kubernetes;

use libtest_mimic::Trial;

/// Every test.
pub(crate) fn trials() -> Vec<Trial> {
    files().into_iter().chain(servers()).flatten().collect()
}

/// What files give.
fn files() -> Vec<Vec<Trial>> {
    vec![
        fixtures::trials(),
        generated::trials(),
        shape_properties::trials(),
        shape_properties_nats::trials(),
        crd_fields::trials(),
        credentials::trials(),
        world_properties::trials(),
        simulation_properties::trials(),
        model_shapes::trials(),
        lowered_corpus::trials(),
        lowered_models::trials(),
        load_properties::trials(),
        corpus::trials(),
        recorded_changes::trials(),
        recorded_objects::trials(),
        recorded_flows::trials(),
        recorded_admission::trials(),
        features::trials(),
        suggestions::trials(),
        eventing_routes::trials(),
        recorded_deliveries::trials(),
        rule_book::trials(),
        schemas::files::trials(),
        schemas::outputs::trials(),
        schemas::validators::trials(),
        schemas::editor::trials(),
        schemas::cluster::trials(),
        bad_input::trials(),
        golden::trials(),
        output_forms::trials(),
        inputs::trials(),
        kustomize::trials(),
        readme::trials(),
        project_file::trials(),
        yaml_as_kubernetes::trials(),
    ]
}

/// What is done to servers, and what a terminal sees of it.
fn servers() -> Vec<Vec<Trial>> {
    vec![
        live_impact::trials(),
        live_import::trials(),
        live_killed::trials(),
        live_recipe::trials(),
        live_reported::trials(),
        live_jetstream::trials(),
        live_nack::trials(),
        live_nack_stores::trials(),
        live_kubernetes::trials(),
        live_kubernetes_creates::trials(),
        live_kubernetes_faults::trials(),
        live_kubernetes_prune::trials(),
        live_kubernetes_reads::trials(),
        live_kubernetes_replace::trials(),
        live_kubernetes_shortcut::trials(),
        live_knative::trials(),
        live_knative_verdicts::trials(),
        live_lock::trials(),
        live_moved::trials(),
        live_ready::trials(),
        live_preflight::trials(),
        live_prune::trials(),
        live_saved_plan::trials(),
        live_changes::trials(),
        live_channel_controller::trials(),
        live_cluster::trials(),
        live_both_planes::trials(),
        live_destroy::trials(),
        live_faults::trials(),
        live_sites::trials(),
        live_secrets::trials(),
        secrecy::trials(),
        live_connections::trials(),
        live_interrupted::trials(),
        terminals::trials(),
        live_unread::trials(),
    ]
}

/// A test that needs nothing but the project.
pub(crate) fn plain(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
