//! The scale of levels, and the detectors.

mod translation;

use self::translation::Translation;
use super::Report;
use crate::{
    config::SensitivityConfig,
    detect::{self, DetectorConfig, Detectors, TestValues},
    facts::Name,
    level::{Level, Levels},
    problem::Problem,
};

/// How sensitive content is, and how that is told.
pub(super) struct Sensitivity {
    pub(super) levels: Levels,
    pub(super) level_names: Vec<Name>,
    pub(super) detectors: Detectors,
    /// The name and the label of each detector.
    pub(super) detector_names: Vec<(Name, Name)>,
}

/// Compiles the scale and the detectors. `None` only if not even an empty set of detectors compiles.
pub(super) fn sensitivity(config: SensitivityConfig, report: &mut Report) -> Option<Sensitivity> {
    let SensitivityConfig { levels, packs, pack_levels, detectors, test_values } = config;
    let levels = levels.map_or_else(Levels::default, |names| scale(names, report));
    let translation = Translation::new(&levels, &pack_levels, report);
    let written = entries(packs, &translation, detectors, report);
    let detectors = compiled(&written, &levels, test_values, report)?;
    let level_names = levels.names().iter().map(|name| Name::written(name)).collect();
    let named = |detector: &detect::Detector| (Name::written(&detector.id), Name::written(&detector.label));
    let detector_names = detectors.iter().map(|(_, detector)| named(detector)).collect();
    Some(Sensitivity { levels, level_names, detectors, detector_names })
}

/// The level of this name; the highest if there is none.
pub(super) fn level(path: String, name: &str, levels: &Levels, report: &mut Report) -> Level {
    levels.find(name).unwrap_or_else(|| {
        let known = levels.names().iter().map(String::as_str);
        report.unknown(path, "level", name, known, "spec.sensitivity.levels");
        levels.highest()
    })
}

fn scale(names: Vec<String>, report: &mut Report) -> Levels {
    for (index, name) in names.iter().enumerate() {
        report.name(&format!("spec.sensitivity.levels[{index}]"), name);
    }
    Levels::new(names).unwrap_or_else(|error| {
        report.error("spec.sensitivity.levels", error.to_string());
        report.give_up("spec.sensitivity.levels");
        Levels::default()
    })
}

/// The detectors of the packs with the policy's own laid over them.
fn entries(
    packs: Option<Vec<String>>,
    translation: &Translation,
    own: Vec<DetectorConfig>,
    report: &mut Report,
) -> Vec<(String, DetectorConfig)> {
    let packs = packs.unwrap_or_else(|| detect::packs().map(String::from).collect());
    let (mut packed, mut unknown) = (Vec::new(), false);
    for (index, name) in packs.iter().enumerate() {
        match detect::pack(name) {
            Some(pack) => {
                let placed = pack.into_iter().enumerate();
                packed.extend(placed.map(|(place, detector)| (format!("pack {name}[{place}]"), detector)));
            }
            None => {
                let path = format!("spec.sensitivity.packs[{index}]");
                report.unknown(path, "pack", name, detect::packs(), "spec.sensitivity.packs");
                unknown = true;
            }
        }
    }
    if unknown {
        // An entry of the policy's own may change a detector of the pack that was meant.
        report.give_up("spec.sensitivity.packs");
        report.give_up(OWN);
        return Vec::new();
    }
    translation.apply(&mut packed, report);
    let own = own.into_iter().enumerate().map(|(place, detector)| (format!("{OWN}[{place}]"), detector));
    let own = own.filter(|(path, _)| !report.is_broken(path)).collect();
    detect::merge(packed, own).unwrap_or_else(|problems| {
        give_up(problems, report);
        Vec::new()
    })
}

const OWN: &str = "spec.sensitivity.detectors";

fn compiled(
    written: &[(String, DetectorConfig)],
    levels: &Levels,
    test_values: TestValues,
    report: &mut Report,
) -> Option<Detectors> {
    match Detectors::compile(written, levels, test_values) {
        Ok((detectors, warnings)) => {
            warnings.into_iter().for_each(|warning| push(warning, report));
            Some(detectors)
        }
        Err(problems) => {
            give_up(problems, report);
            Detectors::compile(&[], levels, test_values).ok().map(|(none, _)| none)
        }
    }
}

fn give_up(problems: Vec<Problem>, report: &mut Report) {
    problems.into_iter().for_each(|problem| push(problem, report));
    report.give_up(OWN);
}

/// A problem in the policy's own detectors, or in those of a pack.
fn push(problem: Problem, report: &mut Report) {
    if problem.path.starts_with(OWN) { report.push(problem) } else { report.push_foreign(problem) }
}
