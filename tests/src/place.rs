//! Where things are: the repository, its build directory, and what the build makes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository")
}

/// Cargo's build directory.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

/// The module that Envoy loads: the file that `$FILTER_WASM` names, else built if it is missing or old.
pub fn filter_module() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        if let Some(named) = named_by("FILTER_WASM") {
            return named;
        }
        cargo_build(&["-p", "filter", "--target", "wasm32-wasip1", "--profile", "wasm"]);
        target().join("wasm32-wasip1/wasm/filter.wasm")
    });
    &BUILT
}

/// The command `policymesh`: the file that `$POLICYMESH` names, else built if it is missing or old.
pub fn policymesh() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        if let Some(named) = named_by("POLICYMESH") {
            return named;
        }
        cargo_build(&["-p", "control", "--bin", "policymesh"]);
        target().join("debug/policymesh")
    });
    &BUILT
}

/// The file that this variable names, if it is set.
fn named_by(variable: &str) -> Option<PathBuf> {
    let named = PathBuf::from(std::env::var_os(variable)?);
    assert!(named.is_file(), "`{variable}` names `{}`, which is no file", named.display());
    Some(named)
}

/// Whether Cargo sets this variable for a package that it builds or runs.
fn is_of_a_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| name.starts_with(prefix))
}

fn cargo_build(arguments: &[&str]) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What Cargo tells a test of its own package would make it build what depends on it anew, each time.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let built = command.current_dir(repository()).args(["build", "--quiet"]).args(arguments).status();
    assert!(built.is_ok_and(|status| status.success()), "`cargo build {}` failed", arguments.join(" "));
}
