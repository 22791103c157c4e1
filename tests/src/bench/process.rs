//! What a process takes: processor time and memory, from Linux's `/proc`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// A running process.
#[derive(Clone, Copy, Debug)]
pub struct Process(u32);

// === impl Process ===

impl Process {
    /// The process of this id.
    pub fn of(id: u32) -> Self {
        Self(id)
    }

    /// The time that all its threads have spent on a processor so far, in user and in kernel mode.
    pub fn time(self) -> Result<Duration> {
        self.time_of(|_| true)
    }

    /// The same of the threads whose names begin so.
    pub fn time_of_threads(self, prefix: &str) -> Result<Duration> {
        self.time_of(|name| name.starts_with(prefix))
    }

    /// Resident memory in bytes.
    pub fn memory(self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).context("the process is gone")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no resident memory is told")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }

    fn time_of(self, wanted: impl Fn(&str) -> bool) -> Result<Duration> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).context("the process is gone")?;
        let mut sum = Duration::ZERO;
        for thread in threads {
            let thread = thread?.path();
            if wanted(fs::read_to_string(thread.join("comm"))?.trim()) {
                sum += on_processor(&thread)?;
            }
        }
        Ok(sum)
    }
}

/// The first number of `schedstat`: nanoseconds on a processor. The sum of `utime` and `stime` is the same time, in ticks of 10 ms.
fn on_processor(thread: &Path) -> Result<Duration> {
    let told = fs::read_to_string(thread.join("schedstat")).context("this kernel keeps no `schedstat`")?;
    let first = told.split_whitespace().next().context("`schedstat` is empty")?;
    Ok(Duration::from_nanos(first.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting::eventually;

    #[test]
    fn work_takes_time_and_a_process_takes_memory() {
        let own = Process::of(std::process::id());
        let before = own.time().unwrap();
        let grown = eventually(|| (own.time().unwrap() > before + Duration::from_millis(2)).then_some(()));
        assert!(grown.is_some() && own.memory().unwrap() > 1 << 20);
        assert_eq!(own.time_of_threads("no such thread").unwrap(), Duration::ZERO);
    }
}
