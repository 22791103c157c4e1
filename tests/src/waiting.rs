//! Waiting for what happens elsewhere, by looking again and never for a fixed time.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

/// How long anything may take before a test gives up. Generous, since a loaded machine must not fail a test.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Looks until there is something to see; `None` once [`PATIENCE`] is at its end.
pub fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if start.elapsed() > PATIENCE {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The runtime that stand-ins and clients of this process share, so that they outlive the test that started them.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads can be started")
    });
    &RUNTIME
}
