//! The wire formats of model providers: the requests they receive, and errors in the shape of the API that was called.
//!
//! This crate is pure, as `policy` is: no host, clock, environment, file or thread.

pub mod error;
pub mod headers;
pub mod request;
pub mod splice;
