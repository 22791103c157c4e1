//! Where a file comes from, if it stands in a Git working tree.

use std::path::Path;
use std::process::Command;

/// The commit that the file stands in: `git 1a2b3c...`, with `, changed since` where the file says something else by now.
pub fn of(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name()?;
    let commit = git(folder, &["rev-parse".as_ref(), "--verify".as_ref(), "HEAD".as_ref()])?;
    // Git says nothing about a file that is as committed.
    let changed = git(folder, &["status".as_ref(), "--porcelain".as_ref(), "--".as_ref(), name])?;
    let since = if changed.is_empty() { "" } else { ", changed since" };
    Some(format!("git {commit}{since}"))
}

fn git(folder: &Path, arguments: &[&std::ffi::OsStr]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
