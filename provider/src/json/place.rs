use std::fmt;

/// Where in a body something stands: `messages[3].content[0].text`.
///
/// Its steps are names that the format itself defines, and numbers: never a text of a client. It is a list on the stack,
/// written out only when there is something to say about the place.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Root,
    Field(&'static str),
    Index(usize),
}

// === impl Place ===

impl<'p> Place<'p> {
    /// The body itself.
    pub(crate) const ROOT: Place<'static> = Place { parent: None, step: Step::Root };

    /// A member of the object at this place.
    pub(crate) fn field(&'p self, name: &'static str) -> Place<'p> {
        Place { parent: Some(self), step: Step::Field(name) }
    }

    /// An item of the array at this place.
    pub(crate) fn index(&'p self, index: usize) -> Place<'p> {
        Place { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Places are as deep as the formats are, not as their input is.
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match (self.step, self.parent.map(|parent| parent.step)) {
            (Step::Root, _) => Ok(()),
            (Step::Field(name), Some(Step::Root) | None) => f.write_str(name),
            (Step::Field(name), _) => write!(f, ".{name}"),
            (Step::Index(index), _) => write!(f, "[{index}]"),
        }
    }
}
