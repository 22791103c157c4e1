//! The few functions of WASI preview 1 that Envoy gives a filter: a clock, randomness, an empty environment, and standard output as log.

use std::time::Instant;

use wasmtime::{Caller, Linker, Result};

use super::imports::{read, write};
use super::state::{Level, LogLine, State};

const MODULE: &str = "wasi_snapshot_preview1";
const SUCCESS: u32 = 0;
const BAD_FILE: u32 = 8;

/// Defines the functions.
pub fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(MODULE, "environ_sizes_get", |mut guest: Caller<'_, State>, count: u32, size: u32| {
        write(&mut guest, count, &[0; 4])?;
        write(&mut guest, size, &[0; 4])?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(MODULE, "environ_get", |_: Caller<'_, State>, _: u32, _: u32| SUCCESS)?;
    linker.func_wrap(MODULE, "random_get", |mut guest: Caller<'_, State>, at: u32, size: u32| {
        let bytes: Vec<u8> = (0..size).map(|_| next_random(&mut guest.data_mut().random)).collect();
        write(&mut guest, at, &bytes)?;
        Ok(SUCCESS)
    })?;
    let start = Instant::now();
    linker.func_wrap(MODULE, "clock_time_get", move |mut guest: Caller<'_, State>, clock: u32, _: u64, to: u32| {
        let time = match clock {
            0 => std::time::UNIX_EPOCH.elapsed().unwrap_or_default(),
            _ => start.elapsed(),
        };
        write(&mut guest, to, &u64::try_from(time.as_nanos())?.to_le_bytes())?;
        Ok(SUCCESS)
    })?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "proc_exit", |_: Caller<'_, State>, code: u32| -> Result<()> {
        Err(wasmtime::Error::msg(format!("the guest exits with {code}")))
    })?;
    Ok(())
}

fn fd_write(mut guest: Caller<'_, State>, file: u32, parts: u32, count: u32, written: u32) -> Result<u32> {
    if !(1..=2).contains(&file) {
        return Ok(BAD_FILE);
    }
    let mut text = Vec::new();
    for part in 0..count {
        let part = read(&mut guest, parts + 8 * part, 8)?;
        let number = |at: usize| u32::from_le_bytes([part[at], part[at + 1], part[at + 2], part[at + 3]]);
        text.extend(read(&mut guest, number(0), number(4))?);
    }
    write(&mut guest, written, &u32::try_from(text.len())?.to_le_bytes())?;
    let level = if file == 1 { Level::Info } else { Level::Error };
    guest.data_mut().log.push(LogLine { level, message: String::from_utf8_lossy(&text).into_owned() });
    Ok(SUCCESS)
}

/// SplitMix64: no secret, but no pattern either.
fn next_random(state: &mut u64) -> u8 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed.to_be_bytes()[0]
}
