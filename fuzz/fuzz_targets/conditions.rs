#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kvw::fuzzing::conditions(bytes));
