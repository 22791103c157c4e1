//! Every case of the corpus, in every engine.

use tests::client::Version;
use tests::corpus::prove;
#[cfg(feature = "module")]
use tests::engine::Module;
use tests::engine::{Native, RealEnvoy};

#[test]
fn every_case_holds_in_the_core() {
    prove(|suite| Native::new(&suite.policy));
}

#[cfg(feature = "module")]
#[test]
fn every_case_holds_in_the_module() {
    prove(|suite| Module::load(&suite.policy));
}

#[test]
fn every_case_holds_in_a_real_envoy_over_http_1() {
    prove(|suite| RealEnvoy::start(&suite.policy, Version::Http1));
}

#[test]
fn every_case_holds_in_a_real_envoy_over_http_2() {
    prove(|suite| RealEnvoy::start(&suite.policy, Version::Http2));
}
