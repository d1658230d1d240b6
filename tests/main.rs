//! The one integration-test binary: every suite hands in its trials.

use libtest_mimic::Arguments;

mod suites {
    pub(crate) mod recorded_deliveries;
    pub(crate) mod simulation_properties;
}

fn main() {
    let arguments = Arguments::from_args();
    let trials = suites::recorded_deliveries::trials()
        .into_iter()
        .chain(suites::simulation_properties::trials());
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
