//! What many measurements say together.

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The median of some measurements, and between what quartiles it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of the measurements are below it.
    pub median: f64,
    /// A quarter of the measurements is below it.
    pub low: f64,
    /// A quarter of the measurements is above it.
    pub high: f64,
}

// === impl Spread ===

impl Spread {
    /// Of these measurements, of which there must be one at least.
    pub fn of(mut measured: Vec<f64>) -> Result<Self> {
        measured.sort_by(f64::total_cmp);
        let at = |part: f64| quantile(&measured, part).context("nothing was measured");
        Ok(Self { median: at(0.5)?, low: at(0.25)?, high: at(0.75)? })
    }

    /// As JSON.
    pub fn json(self) -> Value {
        json!({"median": self.median, "low": self.low, "high": self.high})
    }
}

/// Between two measurements, it is interpolated.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_those_of_the_textbook() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        assert_eq!(spread, Spread { median: 3.0, low: 2.0, high: 4.0 });
        assert_eq!(Spread::of(vec![1.0, 2.0]).unwrap().median, 1.5);
        assert!(Spread::of(vec![]).is_err());
    }
}
