//! Prices over time, and by the length of the prompt.

use super::Report;
use crate::{
    catalogue::{InvalidPrice, NanoUsd, Price, Prices, Rates},
    config::{PriceConfig, UsdConfig},
    problem::Problem,
};

pub(super) fn prices(path: &str, written: &PriceConfig, report: &mut Report) -> Prices {
    match written {
        PriceConfig::Free => Prices(vec![(0, Price::FREE)]),
        PriceConfig::Usd(usd) => Prices(listed(std::iter::once((path.to_owned(), usd)), report)),
        PriceConfig::List(list) => {
            if list.is_empty() {
                report.error(path, "the list of prices is empty");
            }
            let placed = list.iter().enumerate();
            Prices(listed(placed.map(|(index, usd)| (format!("{path}[{index}]"), usd)), report))
        }
    }
}

/// Entries in the order of their dates, and those of one date in the order of their lengths.
fn listed<'c>(written: impl Iterator<Item = (String, &'c UsdConfig)>, report: &mut Report) -> Vec<(u64, Price)> {
    let mut prices: Vec<(u64, Price)> = Vec::new();
    for (path, usd) in written {
        let rates = rates(&path, usd, report);
        let from = usd.from.map_or(0, |date| date.0);
        let last = prices.last_mut();
        match (usd.context_above, last) {
            (_, Some((begun, _))) if *begun > from => {
                let problem = Problem::error(path, "its date is before that of the entry above it");
                report.push(problem.help("write the entries in the order of their dates"));
            }
            (None, Some((begun, _))) if *begun == from => {
                report.error(path, "two prices hold from the same day on for prompts of any length");
            }
            (None, _) => prices.push((from, Price { rates, above: Vec::new() })),
            (Some(above), Some((begun, price))) if *begun == from => {
                if price.above.last().is_some_and(|(last, _)| *last >= above) {
                    let message = format!("`{above}` is not more than in the entry above it");
                    report.error(format!("{path}.context_above"), message);
                }
                price.above.push((above, rates));
            }
            (Some(_), _) => {
                let problem = Problem::error(format!("{path}.context_above"), "shorter prompts have no price");
                report.push(problem.help("put an entry of the same date without `context_above` before it"));
            }
        }
    }
    prices
}

fn rates(path: &str, written: &UsdConfig, report: &mut Report) -> Rates {
    let UsdConfig {
        from: _,
        context_above: _,
        input,
        cached,
        cache_write,
        audio_input,
        output,
        reasoning,
        audio_output,
    } = written;
    let mut usd = |field: &str, usd: f64| {
        NanoUsd::from_usd(usd).unwrap_or_else(|error: InvalidPrice| {
            report.error(format!("{path}.{field}"), error.to_string());
            NanoUsd::default()
        })
    };
    let (input, output) = (usd("input", *input), usd("output", *output));
    let mut or = |field: &str, own: &Option<f64>, usual: NanoUsd| own.map_or(usual, |own| usd(field, own));
    Rates {
        input,
        cached: or("cached", cached, input),
        cache_write: or("cache_write", cache_write, input),
        audio_input: or("audio_input", audio_input, input),
        output,
        reasoning: or("reasoning", reasoning, output),
        audio_output: or("audio_output", audio_output, output),
    }
}
