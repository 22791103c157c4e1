//! The folder in which a service keeps what is its own.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

/// The folder, which is no other service's until this is dropped.
#[derive(Debug)]
pub struct Folder {
    /// Locked for as long as it is open.
    _lock: File,
}

/// Nobody but the owner may look at what is made here: records are for those whom the service shows them to.
const OWN: u32 = 0o600;

// === impl Folder ===

impl Folder {
    /// Makes the folder if it is not there, and takes it. An error where another service has it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.with_context(|| format!("--data-dir: cannot make the folder `{}`", folder.display()))?;
        let path = folder.join("lock");
        let lock = own(&path).with_context(|| format!("--data-dir: cannot write to `{}`", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "--data-dir: another service has the folder `{}`: stop it, or name another folder",
                    folder.display()
                )
            }
            Err(TryLockError::Error(reason)) => {
                Err(reason).with_context(|| format!("--data-dir: cannot lock `{}`", path.display()))
            }
        }
    }
}

/// A file that is made, if it is not there, for its owner alone.
pub fn own(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(OWN).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_is_for_one_service_and_for_nobody_else_to_look_into() {
        let path = std::env::temp_dir().join(format!("policymesh-folder-{}", std::process::id()));
        let folder = Folder::open(&path).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("lock"))), (0o700, 0o600));
        let refused = Folder::open(&path).unwrap_err().to_string();
        assert!(refused.starts_with("--data-dir: another service has the folder"), "{refused}");
        drop(folder);
        assert!(Folder::open(&path).is_ok());
        std::fs::remove_dir_all(path).unwrap();
    }
}
