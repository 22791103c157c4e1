//! The engines that the corpus runs in.

mod envoy;
mod module;

pub use envoy::RealEnvoy;
pub use module::Module;
