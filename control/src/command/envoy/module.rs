//! The filter's module under a name that says what is in it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::chain::Hash;

/// Copies a module beside itself, as `<name>-<sha256>.wasm`, and gives the absolute path of the copy.
///
/// Envoy compares configurations, not files: only a new name makes it take a new module.
pub fn named_by_content(module: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(module).with_context(|| format!("cannot read the filter's module `{}`", module.display()))?;
    let stem = module.file_stem().ok_or_else(|| anyhow!("`{}` names no file", module.display()))?;
    let name = format!("{}-{}.wasm", stem.to_string_lossy(), Hash::of(&bytes));
    let folder = module.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).with_context(|| format!("cannot find `{}`", folder.display()))?;
    let copy = folder.join(name);
    if !copy.exists() {
        // Moved into place as a whole: an Envoy may be looking.
        let new = copy.with_extension(format!("{}.new", std::process::id()));
        fs::write(&new, &bytes).with_context(|| format!("cannot write `{}`", new.display()))?;
        fs::rename(&new, &copy).with_context(|| format!("cannot write `{}`", copy.display()))?;
    }
    let path = copy
        .to_str()
        .ok_or_else(|| anyhow!("`{}` is not valid UTF-8, which Envoy's configuration is", copy.display()))?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_content() {
        let folder = std::env::temp_dir().join(format!("policymesh-module-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let module = folder.join("filter.wasm");
        let names = [b"one", b"two"].map(|content| {
            fs::write(&module, content).unwrap();
            let named = named_by_content(&module).unwrap();
            assert_eq!(fs::read(&named).unwrap(), content);
            named
        });
        assert_ne!(names[0], names[1]);
        let expected = "filter-7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed.wasm";
        assert!(names[0].ends_with(expected), "{}", names[0]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
