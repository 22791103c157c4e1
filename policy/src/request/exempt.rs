//! The strings that are not read as text: a closed list, each with its reason. All others are read.

/// Why a string, key or number of a body is not read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exempt {
    /// A key that is, byte for byte, a structural word of the wire formats.
    Field,
    /// A value of `type` or `role` that is, byte for byte, a word of the wire formats.
    Word,
    /// A number of fewer than [`Exempt::SHORT_NUMBER`] bytes.
    ShortNumber,
    /// The payload of an image, a recording, a video or a file, in a place where the formats have one.
    Payload,
}

// === impl Exempt ===

impl Exempt {
    /// Every rule.
    pub const ALL: [Self; 4] = [Self::Field, Self::Word, Self::ShortNumber, Self::Payload];

    /// Numbers of fewer bytes are exempt: the shortest number that any detector could tell from others has six digits.
    pub const SHORT_NUMBER: usize = 6;

    /// Why nothing is lost by it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Field | Self::Word => "a word that the format itself gives says nothing of the client's",
            Self::ShortNumber => "a few digits identify nobody",
            Self::Payload => {
                "begins as a known medium does and is base64 throughout, so it is no text; the request counts as opaque"
            }
        }
    }
}
