//! What a policy says about a request to a language model.
//!
//! This crate is pure: it knows no host, clock, environment, file or thread. Time, randomness and bytes come in as
//! arguments, so that the same decision falls in the Envoy filter, in the control service and on the command line.

pub mod audit;
pub mod bundle;
pub mod case;
pub mod catalogue;
pub mod classify;
pub mod coding;
mod compile;
pub mod config;
pub mod decision;
pub mod detect;
pub mod document;
pub mod exchange;
pub mod explain;
pub mod facts;
pub mod level;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod progress;
pub mod prove;
pub mod redact;
pub mod replay;
pub mod request;
pub mod rule;
pub mod splice;
pub mod usage;
pub mod why;
