//! Audit records in the forms that other systems read, one line a record.

mod cloudevents;
mod csv;
mod ocsf;

use policy::audit::Record;
use serde::Deserialize;

use super::store::records::Found;

/// A form of audit records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// The records as they are, JSON Lines.
    #[default]
    Jsonl,
    /// Comma-separated values, RFC 4180, with a head.
    Csv,
    /// API Activity of OCSF 1.8 with the profile `ai_operation`, JSON Lines.
    Ocsf,
    /// CloudEvents 1.0 in JSON, one a line.
    Cloudevents,
}

// === impl Form ===

impl Form {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl | Self::Ocsf | Self::Cloudevents => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// What comes before the first record.
    pub fn head(self) -> String {
        if self == Self::Csv { csv::head() } else { String::new() }
    }

    /// One record, with the end of its line; nothing for one whose content has been taken out.
    pub fn line(self, found: &Found) -> Option<String> {
        let record = Record::deserialize(&found.record).ok()?;
        let line = match self {
            Self::Jsonl => found.record.to_string() + "\n",
            Self::Csv => csv::line(found, &record),
            Self::Ocsf => ocsf::event(found, &record).to_string() + "\n",
            Self::Cloudevents => cloudevents::event(found, &record).to_string() + "\n",
        };
        Some(line)
    }
}

/// The word that a value serialises to; empty if it is no word.
fn word(value: &impl serde::Serialize) -> String {
    match value.serialize(serde_json::value::Serializer) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
