#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| policy_fuzz::document::check(input));
