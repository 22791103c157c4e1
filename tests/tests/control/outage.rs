//! The service killed over and over while requests go on.

use std::thread::sleep;
use std::time::Duration;

use crate::load::{Load, is_recorded};
use crate::{policy, start};

/// How long the service lives each time, and then is away, in milliseconds.
const LIVES: [(u64, u64); 5] = [(700, 200), (150, 900), (1300, 50), (30, 400), (500, 500)];

#[test]
fn no_record_is_lost_or_kept_twice_where_the_service_is_killed_under_load() {
    let (mut control, mesh) = start();
    control.apply(&mesh.moved(&policy("lock")), &[]);
    control.wait_for_node("edge", |node| node["acked"]["number"] == 1);
    let load = Load::start(&[&mesh], 3);
    for (alive, away) in LIVES {
        sleep(Duration::from_millis(alive));
        control.kill();
        sleep(Duration::from_millis(away));
        control.restart().unwrap();
    }
    sleep(Duration::from_millis(500));
    let decided = load.stop();
    println!("{} requests while the service was killed {} times", decided.len(), LIVES.len());
    // What the stream lost comes from the file; what came by both is there once.
    is_recorded(&control, &[("edge", &mesh)], decided);
}
