//! What a rule asks of headers and of Envoy's properties. Only the answer, yes or no, becomes a fact.

use std::fmt;

use crate::facts::Name;

/// A question about a header or a property of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The question as the policy says it, by which its answer is known: `header x-env is "prod"`.
    pub name: Name,
    /// Where to look.
    pub source: Source,
    /// What to ask.
    pub test: ValueTest,
}

/// Where something stands that Envoy knows of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// In the header of this name, in lower case. The values of one that comes several times are joined by `,`.
    Header(Name),
    /// In the property at this path.
    Property(Vec<Name>),
}

/// What a value must be like: all of what is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueTest {
    /// One of these, if there are any.
    pub equals: Vec<Name>,
    /// It begins so.
    pub prefix: Option<Name>,
    /// It ends so.
    pub suffix: Option<Name>,
    /// It is not there at all.
    pub absent: bool,
}

/// Why a text is no path of a property.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no path of a property")]
pub struct InvalidPath(pub String);

// === impl Signal ===

impl Signal {
    /// The signal that asks this.
    pub(crate) fn new(source: Source, test: ValueTest) -> Self {
        let name = Name::written(&format!("{source} {test}"));
        Self { name, source, test }
    }

    /// The answer for this value, or for none.
    pub fn test(&self, value: Option<&[u8]>) -> bool {
        let ValueTest { equals, prefix, suffix, absent } = &self.test;
        let Some(value) = value else { return *absent };
        !absent
            && (equals.is_empty() || equals.iter().any(|equal| equal.as_bytes() == value))
            && prefix.as_ref().is_none_or(|prefix| value.starts_with(prefix.as_bytes()))
            && suffix.as_ref().is_none_or(|suffix| value.ends_with(suffix.as_bytes()))
    }
}

/// The elements of a property's path: names joined by `.`, with `['...']` for one that holds a dot itself.
pub fn property_path(text: &str) -> Result<Vec<Name>, InvalidPath> {
    let invalid = || InvalidPath(text.to_owned());
    let mut path = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (element, after) = match rest.strip_prefix("['") {
            Some(quoted) => quoted.split_once("']").ok_or_else(invalid)?,
            None => rest.find(['.', '[']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, "")),
        };
        if element.is_empty() {
            return Err(invalid());
        }
        path.push(Name::written(element));
        rest = match after.strip_prefix('.') {
            Some("") => return Err(invalid()),
            Some(next) => next,
            None if after.is_empty() || after.starts_with("['") => after,
            None => return Err(invalid()),
        };
    }
    if path.is_empty() { Err(invalid()) } else { Ok(path) }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header {name}"),
            Self::Property(path) => {
                f.write_str("property ")?;
                for (place, element) in path.iter().enumerate() {
                    match (element.contains('.'), place) {
                        (true, _) => write!(f, "['{element}']")?,
                        (false, 0) => write!(f, "{element}")?,
                        (false, _) => write!(f, ".{element}")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for ValueTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { equals, prefix, suffix, absent } = self;
        // Quoted, so that two questions never read the same.
        let mut parts = Vec::new();
        if !equals.is_empty() {
            parts
                .push(format!("is {}", equals.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" or ")));
        }
        parts.extend(prefix.iter().map(|prefix| format!("begins with {prefix:?}")));
        parts.extend(suffix.iter().map(|suffix| format!("ends with {suffix:?}")));
        match (absent, parts.is_empty()) {
            (true, _) => f.write_str("is absent"),
            (false, true) => f.write_str("is present"),
            (false, false) => f.write_str(&parts.join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(equals: &[&str], prefix: Option<&str>, suffix: Option<&str>, absent: bool) -> ValueTest {
        let name = |text: &str| Name::written(text);
        ValueTest {
            equals: equals.iter().map(|text| name(text)).collect(),
            prefix: prefix.map(name),
            suffix: suffix.map(name),
            absent,
        }
    }

    #[test]
    fn a_value_must_be_all_that_is_asked() {
        type Values = &'static [Option<&'static str>];
        let cases: [(ValueTest, &str, Values, Values); 5] = [
            (
                test(&["a", "b"], None, None, false),
                r#"is "a" or "b""#,
                &[Some("a"), Some("b")],
                &[Some("c"), Some("a,b"), None],
            ),
            (test(&[], Some("a"), None, false), r#"begins with "a""#, &[Some("a"), Some("ab")], &[Some("ba"), None]),
            (
                test(&[], Some("a"), Some("c"), false),
                r#"begins with "a" and ends with "c""#,
                &[Some("abc")],
                &[Some("ab")],
            ),
            (test(&[], None, None, false), "is present", &[Some("")], &[None]),
            (test(&[], None, None, true), "is absent", &[None], &[Some("")]),
        ];
        for (test, written, holding, failing) in cases {
            let signal = Signal::new(Source::Header(Name::written("x")), test);
            assert_eq!(signal.name.as_str(), format!("header x {written}"));
            for value in holding {
                assert!(signal.test(value.map(str::as_bytes)), "{written}: {value:?}");
            }
            for value in failing {
                assert!(!signal.test(value.map(str::as_bytes)), "{written}: {value:?}");
            }
        }
    }

    #[test]
    fn a_path_is_split_at_its_dots() {
        let written = "metadata.filter_metadata['envoy.filters.http.jwt_authn'].payload.team";
        let path = property_path(written).unwrap();
        assert_eq!(path, ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "payload", "team"]);
        assert_eq!(Source::Property(path).to_string(), format!("property {written}"));
        for wrong in ["", ".", "a.", ".a", "a..b", "a['b", "a[b]", "a['']", "a['b']c"] {
            assert!(property_path(wrong).is_err(), "{wrong}");
        }
    }
}
