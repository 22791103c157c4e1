//! Any bytes as a streamed answer: no panic, the same bytes and usage wherever it is cut, and not too many.

use policy::catalogue::Format;
use policy::request::Api;
use policy::usage::Usage;
use provider::redact::Placeholders;
use provider::stream::Stream;

use super::input::Input;
use super::wire::{api, format, stamp};

/// What one byte of a provider's may become at most: each piece of text gets an envelope, and some formats tell it again.
const MOST_GROWTH: usize = 128;
/// What comes out of nothing: the beginning, and the end or an error.
const ENVELOPE: usize = 8192;

/// Checks one input: the client's API, the provider's format, choices, the size of the pieces, and the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (api, format, choices, size) = (api(&mut input), format(&mut input), input.number(), input.number());
    let body = input.rest();
    let Some(whole) = translate(api, format, choices, [body]) else { return };
    assert!(whole.out.len() <= ENVELOPE + MOST_GROWTH * body.len(), "{} of {} bytes", whole.out.len(), body.len());
    assert!(std::str::from_utf8(&whole.out).is_ok());
    let cut = translate(api, format, choices, body.chunks(size + 1)).expect("it was translated");
    assert_eq!(String::from_utf8_lossy(&cut.out), String::from_utf8_lossy(&whole.out));
    assert_eq!((cut.usage, cut.is_whole), (whole.usage, whole.is_whole));
}

struct Translated {
    out: Vec<u8>,
    usage: Usage,
    is_whole: bool,
}

fn translate<'p>(
    api: Api,
    format: Format,
    choices: usize,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Option<Translated> {
    let mut stream = Stream::new(api, format, choices & 1 == 1, stamp())?;
    if choices & 2 == 2 {
        let mut placeholders = Placeholders::default();
        placeholders.insert("EMAIL_1", "a\"b@c.d");
        stream = stream.restoring(placeholders);
    }
    let mut out = Vec::new();
    pieces.into_iter().for_each(|piece| stream.feed(piece, &mut out));
    stream.finish(&mut out);
    Some(Translated { out, usage: stream.usage(), is_whole: stream.is_whole() })
}
