//! The patterns of the packs, compiled when this crate is built: a worker of an Envoy only points at them.

use super::Boundary;
use super::pattern::{ByteSet, Edge::*, Look::*, Op::*, Pattern, Ready, Trigger};

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// The program of a pattern of the packs that is used as it is there; see [`Pattern::compile`].
pub fn find(
    written: &str,
    ignore_case: bool,
    boundary: Boundary,
    literals: Option<&[String]>,
) -> Option<(Pattern, Option<Trigger>)> {
    let first = PROGRAMS.partition_point(|ready| ready.written < written);
    let mut alike = PROGRAMS.iter().skip(first).take_while(|ready| ready.written == written);
    let literals = literals.unwrap_or_default();
    let same = |ready: &&Ready| {
        ready.ignore_case == ignore_case && ready.boundary == boundary && ready.literals.iter().eq(literals.iter())
    };
    alike.find(same).map(Pattern::ready)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Case, pack, packs};

    #[test]
    fn every_pattern_of_the_packs_is_ready_and_the_same_as_if_it_were_compiled_now() {
        for config in packs().flat_map(|name| pack(name).unwrap()) {
            let Some(written) = &config.pattern else { continue };
            let (ignore_case, boundary) = (config.case == Some(Case::Insensitive), config.boundary.unwrap_or_default());
            let literals = config.literals.as_deref();
            let ready = find(written, ignore_case, boundary, literals);
            let compiled = Pattern::compile(written, ignore_case, boundary, literals).unwrap();
            assert_eq!(format!("{ready:?}"), format!("{:?}", Some(compiled)), "{written}");
        }
    }
}
