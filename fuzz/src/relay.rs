//! Any bytes as an answer that is passed on: it goes on as it came, however it is cut.

use policy::request::Api;
use policy::usage::Usage;
use provider::relay::{Division, Relay};

use super::input::Input;
use super::wire::api;

/// Checks one input: the client's API, how the body is divided, whether only we asked for usage, the size of the pieces,
/// and the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let api = api(&mut input);
    let division = input.pick(&[Division::Whole, Division::Events, Division::Lines]);
    let (spare, size) = (input.number() & 1 == 1, input.number());
    let body = input.rest();
    let (whole, usage) = pass(api, division, spare, [body]);
    let (cut, usage_of_cut) = pass(api, division, spare, body.chunks(size + 1));
    assert_eq!((cut, usage_of_cut), (whole.clone(), usage));
    assert!(whole.len() <= body.len());
}

fn pass<'p>(api: Api, division: Division, spare: bool, pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<u8>, Usage) {
    let mut relay = Relay::new(api, division, spare);
    let mut out = Vec::new();
    for piece in pieces {
        let on = relay.feed(piece);
        assert_eq!(on.is_some(), relay.changes());
        out.extend_from_slice(on.as_deref().unwrap_or(piece));
    }
    out.extend(relay.finish());
    (out, relay.usage())
}
