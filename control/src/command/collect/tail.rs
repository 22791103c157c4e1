//! A file that grows and is rotated, read once from end to end.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::reading;

/// A file that is followed.
pub struct Tail {
    path: PathBuf,
    state: PathBuf,
    /// The file that is being read; none while there is none of that name.
    file: Option<File>,
    place: Place,
}

/// How far it has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which file: its name may change, this does not.
    inode: u64,
    /// How many bytes of it have been read.
    offset: u64,
}

/// Whole lines, and the place after them.
pub struct Chunk {
    /// The lines.
    pub text: Vec<u8>,
    place: Place,
}

/// How much is read at a time, in bytes: what the service takes at once, with room for what JSON adds.
const CHUNK: u64 = 512 << 10;
/// The longest line that is waited for, in bytes; a longer one is passed over.
const LONGEST_LINE: u64 = 16 << 20;

// === impl Tail ===

impl Tail {
    /// Goes on where the state says, in the file of that time under whatever name it has now, or at the beginning.
    pub fn resume(path: &Path, state: &Path) -> anyhow::Result<Self> {
        let place: Place = match fs::read(state) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("`{}` does not say how far the log has been read", state.display()))?,
            Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => Place::default(),
            Err(reason) => return reading(Err(reason), state),
        };
        let file = find(path, place.inode)?.map(|file| reading(File::open(&file), &file)).transpose()?;
        Ok(Self { path: path.to_owned(), state: state.to_owned(), file, place })
    }

    /// The next whole lines; none if there are none yet.
    pub fn next(&mut self) -> anyhow::Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.lines()? {
                return Ok(Some(chunk));
            }
            // All of this one is read. Is there another under its name?
            let Some(next) = self.successor()? else { return Ok(None) };
            // What was written between the last look and the rotation.
            if let Some(chunk) = self.lines()? {
                return Ok(Some(chunk));
            }
            self.place = Place { inode: next.metadata()?.ino(), offset: 0 };
            self.file = Some(next);
        }
    }

    /// Takes note that these lines are where they belong.
    pub fn keep(&mut self, chunk: &Chunk) -> anyhow::Result<()> {
        self.place = chunk.place;
        let mut new = self.state.clone().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        let written = fs::write(&new, serde_json::to_vec(&self.place)?).and_then(|()| fs::rename(&new, &self.state));
        written.with_context(|| format!("cannot write `{}`", self.state.display()))
    }

    fn lines(&mut self) -> anyhow::Result<Option<Chunk>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        if reading(file.metadata(), &self.path)?.len() < self.place.offset {
            // Emptied in its place, as some rotate logs.
            self.place.offset = 0;
        }
        let mut size = CHUNK;
        loop {
            reading(file.seek(SeekFrom::Start(self.place.offset)), &self.path)?;
            let mut text = Vec::new();
            reading(file.by_ref().take(size).read_to_end(&mut text), &self.path)?;
            let read = text.len() as u64;
            let end = text.iter().rposition(|byte| *byte == b'\n').map(|end| end + 1);
            let end = match end {
                Some(end) => end,
                None if read < size => return Ok(None),
                None if size < LONGEST_LINE => {
                    size *= 2;
                    continue;
                }
                None => text.len(),
            };
            text.truncate(end);
            let place = Place { offset: self.place.offset + end as u64, ..self.place };
            return Ok(Some(Chunk { text, place }));
        }
    }

    /// The file that has the name now, if it is another.
    fn successor(&self) -> anyhow::Result<Option<File>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(reason) => return reading(Err(reason), &self.path),
        };
        let other = self.file.is_none() || reading(file.metadata(), &self.path)?.ino() != self.place.inode;
        Ok(other.then_some(file))
    }
}

/// The file with this inode among those whose names begin like the log's: the log itself, or one that it was rotated to.
fn find(path: &Path, inode: u64) -> anyhow::Result<Option<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for entry in reading(fs::read_dir(folder), folder)? {
        let entry = reading(entry, folder)?;
        let fits = entry.file_name().to_string_lossy().starts_with(&name);
        if fits && reading(entry.metadata(), &entry.path())?.ino() == inode {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Log {
        folder: PathBuf,
    }

    // === impl Log ===

    impl Log {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("policymesh-tail-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            Self { folder }
        }

        fn path(&self) -> PathBuf {
            self.folder.join("access.log")
        }

        fn write(&self, text: &str) {
            let file = fs::OpenOptions::new().create(true).append(true).open(self.path());
            file.unwrap().write_all(text.as_bytes()).unwrap();
        }

        fn rotate(&self) {
            fs::rename(self.path(), self.folder.join("access.log.1")).unwrap();
        }

        fn tail(&self) -> Tail {
            Tail::resume(&self.path(), &self.folder.join("state")).unwrap()
        }
    }

    impl Drop for Log {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    /// All that is there to read.
    fn read(tail: &mut Tail) -> String {
        let mut all = String::new();
        while let Some(chunk) = tail.next().unwrap() {
            all.push_str(std::str::from_utf8(&chunk.text).unwrap());
            tail.keep(&chunk).unwrap();
        }
        all
    }

    #[test]
    fn lines_are_read_once_and_only_when_they_are_whole() {
        let log = Log::new("whole");
        let mut tail = log.tail();
        assert_eq!(read(&mut tail), "");
        log.write("one\ntw");
        assert_eq!(read(&mut tail), "one\n");
        log.write("o\n");
        assert_eq!(read(&mut tail), "two\n");
        assert_eq!(read(&mut tail), "");
        // And not again after a restart.
        log.write("three\n");
        assert_eq!(read(&mut log.tail()), "three\n");
    }

    #[test]
    fn a_file_that_was_rotated_is_read_to_its_end_before_the_next() {
        let log = Log::new("rotated");
        log.write("one\n");
        let mut tail = log.tail();
        assert_eq!(read(&mut tail), "one\n");
        log.write("two\n");
        log.rotate();
        log.write("three\n");
        assert_eq!(read(&mut tail), "two\nthree\n");
    }

    #[test]
    fn a_file_that_was_rotated_while_nobody_looked_is_found_again() {
        let log = Log::new("away");
        log.write("one\n");
        assert_eq!(read(&mut log.tail()), "one\n");
        log.write("two\n");
        log.rotate();
        log.write("three\n");
        assert_eq!(read(&mut log.tail()), "two\nthree\n");
    }

    #[test]
    fn a_file_that_was_emptied_in_its_place_is_read_from_its_beginning() {
        let log = Log::new("emptied");
        log.write("a long first line\n");
        let mut tail = log.tail();
        assert_eq!(read(&mut tail), "a long first line\n");
        fs::write(log.path(), "new\n").unwrap();
        assert_eq!(read(&mut tail), "new\n");
    }

    #[test]
    fn a_line_longer_than_a_chunk_is_read_whole() {
        let log = Log::new("long");
        let long = "x".repeat(usize::try_from(CHUNK).unwrap() * 3) + "\n";
        log.write(&long);
        log.write("short\n");
        assert_eq!(read(&mut log.tail()), long + "short\n");
    }
}
