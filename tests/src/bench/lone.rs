//! A thread that runs one future, apart from all others: what one side does must not wait for the other.

use std::future::Future;
use std::thread::{self, JoinHandle};

use anyhow::Result;
use tokio::sync::oneshot;

/// Such a thread. Its future ends when this is dropped.
#[derive(Debug)]
pub struct Thread {
    end: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

// === impl Thread ===

impl Thread {
    /// Starts a future, on a runtime of its own.
    pub fn start(future: impl Future<Output = Result<()>> + Send + 'static) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel::<()>();
        let running = thread::spawn(move || {
            runtime.block_on(async {
                let task = tokio::spawn(async {
                    if let Err(error) = future.await {
                        eprintln!("{error:#}");
                    }
                });
                // An error, too, means that the one who started it is done.
                let _ = ended.await;
                task.abort();
            });
        });
        Ok(Self { end: Some(end), running: Some(running) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
    }
}
