//! Media inside JSON: base64, plain or in a `data:` URL.

use crate::request::Opaque;

/// What a string begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    /// What it is.
    pub(super) kind: Opaque,
    /// Where its base64 begins.
    pub(super) start: usize,
}

/// The longest `image/svg+xml` and the like.
const LONGEST_MEDIA_TYPE: usize = 40;

/// A string of the base64 alphabet that is at least so long is taken for data, in a part of an unknown type.
const SHORTEST_BLOB: usize = 128;

/// How media begin, in base64: PNG, JPEG, GIF, BMP, TIFF twice; PDF; MP3 thrice, Ogg, FLAC; MP4, Matroska.
const MAGICS: [(&[u8], Opaque); 14] = [
    (b"iVBORw0KGgo", Opaque::Image),
    (b"/9j/", Opaque::Image),
    (b"R0lGOD", Opaque::Image),
    (b"Qk0", Opaque::Image),
    (b"SUkqA", Opaque::Image),
    (b"TU0AK", Opaque::Image),
    (b"JVBERi0", Opaque::File),
    (b"SUQz", Opaque::Audio),
    (b"//uQ", Opaque::Audio),
    (b"//vQ", Opaque::Audio),
    (b"T2dnU", Opaque::Audio),
    (b"ZkxhQ", Opaque::Audio),
    (b"AAAAIGZ0eX", Opaque::Video),
    (b"GkXfo", Opaque::Video),
];

// === impl Payload ===

impl Payload {
    /// What the raw bytes of a string begin as; nothing if not as any known medium.
    pub(super) fn of(raw: &[u8]) -> Option<Self> {
        if let Some(url) = raw.strip_prefix(b"data:") {
            return Self::of_url(url);
        }
        let magic = MAGICS.iter().find(|(magic, _)| raw.starts_with(magic));
        let kind = magic.map(|(_, kind)| *kind).or_else(|| riff(raw))?;
        Some(Self { kind, start: 0 })
    }

    fn of_url(url: &[u8]) -> Option<Self> {
        let end = url.iter().take(LONGEST_MEDIA_TYPE).position(|&byte| byte == b';')?;
        let (media, rest) = url.split_at_checked(end)?;
        rest.strip_prefix(b";base64,")?;
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"/+-.".contains(byte);
        let kind = match media.split(|&byte| byte == b'/').next()? {
            _ if !media.iter().all(allowed) => return None,
            _ if media == b"application/pdf" => Opaque::File,
            b"image" => Opaque::Image,
            b"audio" => Opaque::Audio,
            b"video" => Opaque::Video,
            _ => return None,
        };
        Some(Self { kind, start: b"data:;base64,".len() + end })
    }
}

/// WebP or WAV: both are RIFF, and say which after twelve characters.
fn riff(raw: &[u8]) -> Option<Opaque> {
    raw.strip_prefix(b"UklGR")?;
    match raw.get(12..16)? {
        b"RUJQ" => Some(Opaque::Image),
        b"QVZF" => Some(Opaque::Audio),
        _ => None,
    }
}

/// Whether all bytes are base64, of either alphabet.
pub(super) fn is_base64(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_'))
}

/// Whether a string is an address or data rather than words.
pub(super) fn is_blob(raw: &[u8]) -> bool {
    let scheme = |name: &[u8]| raw.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let address = [b"data:".as_slice(), b"http:", b"https:", b"file:", b"s3:", b"gs:"].into_iter().any(scheme);
    address || raw.len() >= SHORTEST_BLOB && is_base64(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_media_are_payloads() {
        for (raw, expected) in [
            ("iVBORw0KGgoAAAANSUhEUg", Some((Opaque::Image, 0))),
            ("UklGRiQAAABXRUJQVlA4", Some((Opaque::Image, 0))),
            ("UklGRiQAAABXQVZFZm10", Some((Opaque::Audio, 0))),
            ("UklGRiQAAABXQVZ", None),
            ("JVBERi0xLjcK", Some((Opaque::File, 0))),
            ("data:image/png;base64,iVBO", Some((Opaque::Image, 22))),
            ("data:application/pdf;base64,JVBE", Some((Opaque::File, 28))),
            ("data:text/plain;base64,aGVsbG8", None),
            ("data:image/png,hello", None),
            ("data:image/png;name=secret;base64,iVBO", None),
            ("data:image/a secret;base64,iVBO", None),
            ("hello", None),
            ("", None),
        ] {
            let payload = Payload::of(raw.as_bytes()).map(|payload| (payload.kind, payload.start));
            assert_eq!(payload, expected, "{raw}");
        }
    }

    #[test]
    fn addresses_and_long_base64_are_blobs() {
        assert!(is_blob(b"HTTPS://example.com/x"));
        assert!(is_blob(&[b'A'; SHORTEST_BLOB]));
        assert!(!is_blob(&[b'A'; SHORTEST_BLOB - 1]));
        assert!(!is_blob("words, many of them, ".repeat(20).as_bytes()));
    }
}
