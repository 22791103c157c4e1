//! From the levels that the packs are written for to those of a policy that has its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::{compile::Report, detect::DetectorConfig, level::Levels, problem::Problem};

/// What each level of the packs is called in a policy.
#[derive(Debug, Default)]
pub(super) struct Translation(BTreeMap<String, String>);

const PATH: &str = "spec.sensitivity.pack_levels";

// === impl Translation ===

impl Translation {
    /// By what is written; where nothing is, by name, or else by place if no name is the same and there are as many.
    pub(super) fn new(levels: &Levels, written: &BTreeMap<String, String>, report: &mut Report) -> Self {
        let packs = Levels::default();
        let mut names: BTreeMap<_, _> = packs
            .names()
            .iter()
            .filter(|name| levels.find(name).is_some())
            .map(|name| (name.clone(), name.clone()))
            .collect();
        for (pack, own) in written {
            let path = format!("{PATH}.{pack}");
            if packs.find(pack).is_none() {
                let known = packs.names().iter().map(String::as_str);
                report.unknown(path, "level of the packs", pack, known, PATH);
            } else if levels.find(own).is_none() {
                let known = levels.names().iter().map(String::as_str);
                report.unknown(path, "level", own, known, "spec.sensitivity.levels");
            }
            names.insert(pack.clone(), own.clone());
        }
        if names.is_empty() && levels.names().len() == packs.names().len() {
            names = packs.names().iter().cloned().zip(levels.names().iter().cloned()).collect();
        }
        Self(names)
    }

    /// Puts the policy's levels in place of the packs'. What has none is one problem, however many detectors have it.
    pub(super) fn apply(&self, packed: &mut Vec<(String, DetectorConfig)>, report: &mut Report) {
        let mut missing = BTreeSet::new();
        for (_, detector) in packed.iter_mut() {
            let bulk = detector.bulk.as_mut().map(|bulk| &mut bulk.level);
            for level in detector.level.iter_mut().chain(bulk) {
                match self.0.get(level.as_str()) {
                    Some(own) => own.clone_into(level),
                    None => drop(missing.insert(level.clone())),
                }
            }
        }
        if missing.is_empty() {
            return;
        }
        let names: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
        let message =
            format!("the packs have detectors of level {}, which this policy does not have", names.join(", "));
        let lines: Vec<_> = missing.iter().map(|name| format!("{name}: ...")).collect();
        let help = format!(
            "say in `sensitivity.pack_levels` which of your levels that is: {{{}}}, or use no packs: `packs: []`",
            lines.join(", ")
        );
        report.push(Problem::error(PATH, message).help(help));
        report.give_up("spec.sensitivity.packs");
        packed.clear();
    }
}
