//! The packs of detectors that come with Policy Mesh.

use super::config::DetectorConfig;

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// A pack as the build wrote it: JSON, a list of detectors.
struct Packed {
    name: &'static str,
    #[cfg_attr(any(test, feature = "examples"), expect(dead_code, reason = "here the full pack is read"))]
    lean: &'static str,
    #[cfg(any(test, feature = "examples"))]
    full: &'static str,
}

/// The names of all packs, in alphabetical order.
pub fn packs() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|pack| pack.name)
}

/// The detectors of a pack, with their examples only where the feature `examples` is on. `None` if there is no such pack.
pub fn pack(name: &str) -> Option<Vec<DetectorConfig>> {
    let packed = PACKS.iter().find(|pack| pack.name == name)?;
    #[cfg(any(test, feature = "examples"))]
    let json = packed.full;
    #[cfg(not(any(test, feature = "examples")))]
    let json = packed.lean;
    serde_json::from_str(json).ok()
}
