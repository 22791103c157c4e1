//! Envoy's configuration, as `policymesh envoy render` writes it for users.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::place;

/// What is asked of `policymesh envoy render`.
#[derive(Clone, Debug)]
pub struct Rendering(Vec<OsString>);

// === impl Rendering ===

impl Rendering {
    /// For the policy in this file, with the module of this repository, and the Envoy of `$ENVOY_VERSION` if that is set.
    pub fn of(policy: &Path) -> Self {
        let rendering = Self(vec![policy.into(), "--filter".into(), place::filter_module().into()]);
        match std::env::var("ENVOY_VERSION") {
            Ok(version) => rendering.option("--envoy-version", version),
            Err(_) => rendering,
        }
    }

    /// Reaches a provider at this URL.
    #[must_use]
    pub fn endpoint(self, provider: &str, url: &str) -> Self {
        self.option("--endpoint", format!("{provider}={url}"))
    }

    /// Takes a provider's key from this variable of Envoy's environment.
    #[must_use]
    pub fn key(self, provider: &str, variable: &str) -> Self {
        self.option("--key", format!("{provider}=env:{variable}"))
    }

    /// Adds any other option.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.0.extend([name.into(), value.into()]);
        self
    }

    /// Adds an option that takes no value.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.0.push(name.into());
        self
    }

    /// The configuration of this mode: `static`, `ecds`, `control` or `filter`.
    pub fn text(&self, mode: &str) -> Result<String> {
        let mut command = Command::new(place::policymesh());
        command.args(["envoy", "render", "--mode", mode]).args(&self.0);
        let output = command.output().context("running `policymesh`")?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`policymesh envoy render` failed: {told}");
        Ok(String::from_utf8(output.stdout)?)
    }
}
