//! Files that are there as a whole, or as they were before, whatever happens.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

/// Replaces a file by a new one that is moved into its place, which is what Envoy's file watch needs. Once this returns, the
/// new one is there also after a power cut.
pub fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().with_context(|| format!("`{}` names no file", path.display()))?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(temporary);
    let written = write(&new, bytes).with_context(|| format!("cannot write `{}`", new.display()));
    let moved = written.and_then(|()| {
        fs::rename(&new, path).with_context(|| format!("cannot replace `{}`", path.display()))?;
        sync_folder(path).with_context(|| format!("cannot make sure that `{}` stays", path.display()))
    });
    if moved.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&new);
    }
    moved
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name is kept by its folder.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_what_cannot_be_replaced_leaves_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("policymesh-durable-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("file");
        replace(&file, b"a long first text").unwrap();
        replace(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        let taken = folder.join("folder");
        fs::create_dir_all(taken.join("full")).unwrap();
        let told = format!("{:#}", replace(&taken, b"x").unwrap_err());
        assert!(told.starts_with("cannot replace"), "{told}");
        let told = format!("{:#}", replace(&folder.join("nowhere/file"), b"x").unwrap_err());
        assert!(told.starts_with("cannot write"), "{told}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }
}
