//! The engines that the corpus runs in.

mod envoy;
#[cfg(feature = "module")]
mod module;
mod native;

pub use envoy::RealEnvoy;
#[cfg(feature = "module")]
pub use module::Module;
pub use native::Native;
