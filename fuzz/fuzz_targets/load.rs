//! Loading and resolving of arbitrary bytes, for cargo-fuzz: the checks are those of the property
//! tests.

#![no_main]

#[path = "../../tests/suites/load_target.rs"]
mod load_target;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| load_target::check(bytes));
