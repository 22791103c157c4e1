//! The host functions of proxy-wasm 0.2.1 that the filter may call.

use std::time::{SystemTime, UNIX_EPOCH};

use wasmtime::{Caller, Linker, Result};

use super::state::{Fields, Level, LogLine, Metric, Reply, State, Status, set_buffer};

type Guest<'a> = Caller<'a, State>;

/// Defines the functions.
pub fn link(linker: &mut Linker<State>) -> Result<()> {
    link_basics(linker)?;
    link_buffers(linker)?;
    link_maps(linker)?;
    link_properties(linker)?;
    link_metrics(linker)?;
    link_stream(linker)
}

fn link_basics(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap("env", "proxy_log", |mut guest: Guest<'_>, level: u32, data: u32, size: u32| {
        guest.data_mut().count("proxy_log");
        let message = String::from_utf8_lossy(&read(&mut guest, data, size)?).into_owned();
        guest.data_mut().log.push(LogLine { level: Level::of(level), message });
        done(Status::Ok)
    })?;
    linker.func_wrap("env", "proxy_get_log_level", |mut guest: Guest<'_>, to: u32| {
        guest.data_mut().count("proxy_get_log_level");
        write(&mut guest, to, &(Level::Debug as u32).to_le_bytes())?;
        done(Status::Ok)
    })?;
    linker.func_wrap("env", "proxy_get_current_time_nanoseconds", |mut guest: Guest<'_>, to: u32| {
        guest.data_mut().count("proxy_get_current_time_nanoseconds");
        write(&mut guest, to, &now().to_le_bytes())?;
        done(Status::Ok)
    })?;
    linker.func_wrap("env", "proxy_set_tick_period_milliseconds", |mut guest: Guest<'_>, _: u32| {
        guest.data_mut().count("proxy_set_tick_period_milliseconds");
        done(Status::Ok)
    })?;
    linker.func_wrap("env", "proxy_set_effective_context", |mut guest: Guest<'_>, context: u32| {
        guest.data_mut().count("proxy_set_effective_context");
        guest.data_mut().current = context;
        done(Status::Ok)
    })?;
    linker.func_wrap("env", "proxy_done", |mut guest: Guest<'_>| {
        guest.data_mut().count("proxy_done");
        done(Status::Ok)
    })?;
    Ok(())
}

fn link_buffers(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_buffer_bytes",
        |mut guest: Guest<'_>, kind: u32, start: u32, most: u32, data: u32, size: u32| {
            guest.data_mut().count("proxy_get_buffer_bytes");
            let Some(buffer) = guest.data_mut().buffer(kind) else { return done(Status::NotFound) };
            let Some(end) = start.checked_add(most) else { return done(Status::BadArgument) };
            let (start, end) = (start as usize, (end as usize).min(buffer.len()));
            let bytes = buffer.get(start..end).unwrap_or_default().to_vec();
            give(&mut guest, &bytes, data, size)?;
            done(Status::Ok)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_buffer_bytes",
        |mut guest: Guest<'_>, kind: u32, start: u32, drained: u32, data: u32, size: u32| {
            guest.data_mut().count("proxy_set_buffer_bytes");
            let bytes = read(&mut guest, data, size)?;
            let Some(buffer) = guest.data_mut().buffer(kind) else { return done(Status::NotFound) };
            done(set_buffer(buffer, start as usize, drained as usize, &bytes))
        },
    )?;
    Ok(())
}

fn link_maps(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_header_map_pairs",
        |mut guest: Guest<'_>, kind: u32, data: u32, size: u32| {
            guest.data_mut().count("proxy_get_header_map_pairs");
            let pairs = guest.data_mut().map(kind).map(|map| encode(map)).unwrap_or_default();
            give(&mut guest, &pairs, data, size)?;
            done(Status::Ok)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_header_map_pairs",
        |mut guest: Guest<'_>, kind: u32, data: u32, size: u32| {
            guest.data_mut().count("proxy_set_header_map_pairs");
            let Some(pairs) = decode(&read(&mut guest, data, size)?) else { return done(Status::BadArgument) };
            done(change_map(&mut guest, kind, |map| *map = pairs))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_header_map_value",
        |mut guest: Guest<'_>, kind: u32, key: u32, key_size: u32, data: u32, size: u32| {
            guest.data_mut().count("proxy_get_header_map_value");
            let key = read(&mut guest, key, key_size)?;
            let Some(map) = guest.data_mut().map(kind) else { return done(Status::BadArgument) };
            // Envoy shows the first of several values only.
            let first = map.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key)).map(|(_, value)| value.clone());
            let Some(value) = first else { return done(Status::NotFound) };
            give(&mut guest, &value, data, size)?;
            done(Status::Ok)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_remove_header_map_value",
        |mut guest: Guest<'_>, kind: u32, key: u32, size: u32| {
            guest.data_mut().count("proxy_remove_header_map_value");
            let key = read(&mut guest, key, size)?;
            done(change_map(&mut guest, kind, |map| map.retain(|(name, _)| !name.eq_ignore_ascii_case(&key))))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_replace_header_map_value",
        |mut guest: Guest<'_>, kind: u32, key: u32, key_size: u32, value: u32, value_size: u32| {
            guest.data_mut().count("proxy_replace_header_map_value");
            let (key, value) = (read(&mut guest, key, key_size)?, read(&mut guest, value, value_size)?);
            done(change_map(&mut guest, kind, |map| {
                map.retain(|(name, _)| !name.eq_ignore_ascii_case(&key));
                map.push((key, value));
            }))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_add_header_map_value",
        |mut guest: Guest<'_>, kind: u32, key: u32, key_size: u32, value: u32, value_size: u32| {
            guest.data_mut().count("proxy_add_header_map_value");
            let (key, value) = (read(&mut guest, key, key_size)?, read(&mut guest, value, value_size)?);
            done(change_map(&mut guest, kind, |map| map.push((key, value))))
        },
    )?;
    Ok(())
}

fn link_properties(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_property",
        |mut guest: Guest<'_>, path: u32, path_size: u32, data: u32, size: u32| {
            guest.data_mut().count("proxy_get_property");
            let path = String::from_utf8_lossy(&read(&mut guest, path, path_size)?).into_owned();
            let Some(value) = guest.data_mut().property(&path).map(<[u8]>::to_vec) else {
                return done(Status::NotFound);
            };
            give(&mut guest, &value, data, size)?;
            done(Status::Ok)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_property",
        |mut guest: Guest<'_>, path: u32, path_size: u32, data: u32, size: u32| {
            guest.data_mut().count("proxy_set_property");
            let path = String::from_utf8_lossy(&read(&mut guest, path, path_size)?).into_owned();
            let value = read(&mut guest, data, size)?;
            let Some(stream) = guest.data_mut().stream() else { return done(Status::NotFound) };
            stream.state.insert(path, value);
            done(Status::Ok)
        },
    )?;
    Ok(())
}

fn link_metrics(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_define_metric",
        |mut guest: Guest<'_>, kind: u32, name: u32, size: u32, to: u32| {
            guest.data_mut().count("proxy_define_metric");
            let name = String::from_utf8_lossy(&read(&mut guest, name, size)?).into_owned();
            let metrics = &mut guest.data_mut().metrics;
            let known = metrics.iter().position(|metric| metric.name == name);
            let id = known.unwrap_or_else(|| {
                metrics.push(Metric { name, kind, value: 0 });
                metrics.len() - 1
            });
            write(&mut guest, to, &u32::try_from(id)?.to_le_bytes())?;
            done(Status::Ok)
        },
    )?;
    linker.func_wrap("env", "proxy_get_metric", |mut guest: Guest<'_>, id: u32, to: u32| {
        guest.data_mut().count("proxy_get_metric");
        let Some(value) = guest.data_mut().metrics.get(id as usize).map(|metric| metric.value) else {
            return done(Status::NotFound);
        };
        write(&mut guest, to, &value.to_le_bytes())?;
        done(Status::Ok)
    })?;
    linker.func_wrap("env", "proxy_record_metric", |mut guest: Guest<'_>, id: u32, value: u64| {
        guest.data_mut().count("proxy_record_metric");
        done(change_metric(&mut guest, id, |metric| match metric.kind {
            HISTOGRAM => metric.value += 1,
            _ => metric.value = value,
        }))
    })?;
    linker.func_wrap("env", "proxy_increment_metric", |mut guest: Guest<'_>, id: u32, by: i64| {
        guest.data_mut().count("proxy_increment_metric");
        if guest.data_mut().metrics.get(id as usize).is_some_and(|metric| metric.kind == COUNTER && by <= 0) {
            return done(Status::BadArgument);
        }
        done(change_metric(&mut guest, id, |metric| metric.value = metric.value.saturating_add_signed(by)))
    })?;
    Ok(())
}

const COUNTER: u32 = 0;
const HISTOGRAM: u32 = 2;

fn link_stream(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_send_local_response",
        |mut guest: Guest<'_>,
         status: u32,
         _details: u32,
         _details_size: u32,
         body: u32,
         body_size: u32,
         headers: u32,
         headers_size: u32,
         _grpc: i32| {
            guest.data_mut().count("proxy_send_local_response");
            let body = read(&mut guest, body, body_size)?;
            let Some(headers) = decode(&read(&mut guest, headers, headers_size)?) else {
                return done(Status::BadArgument);
            };
            let Some(stream) = guest.data_mut().stream() else { return done(Status::BadArgument) };
            stream.reply.get_or_insert(Reply { status: u16::try_from(status)?, headers, body });
            done(Status::Ok)
        },
    )?;
    linker.func_wrap("env", "proxy_continue_stream", |mut guest: Guest<'_>, _: u32| {
        guest.data_mut().count("proxy_continue_stream");
        let Some(stream) = guest.data_mut().stream() else { return done(Status::BadArgument) };
        stream.resumed = true;
        done(Status::Ok)
    })?;
    linker.func_wrap(
        "env",
        "proxy_call_foreign_function",
        |mut guest: Guest<'_>, name: u32, name_size: u32, _: u32, _: u32, _: u32, result_size: u32| {
            guest.data_mut().count("proxy_call_foreign_function");
            let name = read(&mut guest, name, name_size)?;
            write(&mut guest, result_size, &0u32.to_le_bytes())?;
            match (&name[..], guest.data_mut().stream()) {
                (b"clear_route_cache", Some(stream)) => stream.routes_cleared += 1,
                (b"declare_property", _) => {}
                _ => return done(Status::NotFound),
            }
            done(Status::Ok)
        },
    )?;
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a host function that reads memory can trap, and all end alike")]
fn done(status: Status) -> Result<u32> {
    Ok(status as u32)
}

fn change_map(guest: &mut Guest<'_>, kind: u32, change: impl FnOnce(&mut Fields)) -> Status {
    guest.data_mut().changeable_map(kind).map_or(Status::BadArgument, |map| {
        change(map);
        Status::Ok
    })
}

fn change_metric(guest: &mut Guest<'_>, id: u32, change: impl FnOnce(&mut Metric)) -> Status {
    guest.data_mut().metrics.get_mut(id as usize).map_or(Status::BadArgument, |metric| {
        change(metric);
        Status::Ok
    })
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads the guest's memory.
pub fn read(guest: &mut Guest<'_>, at: u32, size: u32) -> Result<Vec<u8>> {
    let memory = guest.data().memory.expect("the memory is known before the first call");
    let bytes = memory.data(&*guest).get(at as usize..).and_then(|rest| rest.get(..size as usize));
    Ok(bytes.ok_or_else(|| wasmtime::Error::msg("the guest names memory that it does not have"))?.to_vec())
}

/// Writes to the guest's memory.
pub fn write(guest: &mut Guest<'_>, at: u32, bytes: &[u8]) -> Result<()> {
    let memory = guest.data().memory.expect("the memory is known before the first call");
    Ok(memory.write(guest, at as usize, bytes)?)
}

/// Hands bytes over in memory that the guest allocates. Nothing is allocated for nothing.
fn give(guest: &mut Guest<'_>, bytes: &[u8], data: u32, size: u32) -> Result<()> {
    let length = u32::try_from(bytes.len())?;
    let mut address = 0;
    if length > 0 {
        let allocate = guest.data().allocate.clone().expect("the allocator is known before the first call");
        address = allocate.call(&mut *guest, length)?;
        write(guest, address, bytes)?;
    }
    write(guest, data, &address.to_le_bytes())?;
    write(guest, size, &length.to_le_bytes())
}

/// The ABI's form of a map: the count, the sizes of all names and values, then each followed by a NUL.
fn encode(map: &Fields) -> Vec<u8> {
    let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = number(map.len()).to_vec();
    for (name, value) in map {
        bytes.extend([number(name.len()), number(value.len())].concat());
    }
    for (name, value) in map {
        bytes.extend([name, &[0][..], value, &[0]].concat());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Fields> {
    let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let count = if bytes.is_empty() { 0 } else { number(0)? };
    let mut at = 4 + 8 * count;
    let mut text = |size: usize| {
        let text = bytes.get(at..at + size)?.to_vec();
        at += size + 1;
        Some(text)
    };
    (0..count).map(|index| Some((text(number(4 + 8 * index)?)?, text(number(8 + 8 * index)?)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_survives_the_way_to_the_guest_and_back() {
        let map = vec![(b":path".to_vec(), b"/".to_vec()), (b"x".to_vec(), b"\xff".to_vec()), (b"y".to_vec(), vec![])];
        assert_eq!(decode(&encode(&map)), Some(map));
        assert_eq!(decode(&[]), Some(vec![]));
        assert_eq!(decode(&[9, 0, 0, 0]), None);
    }
}
