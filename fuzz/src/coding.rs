//! Any bytes in any content coding: no panic, no difference between splits, never more than the limit.

use policy::coding::Decoder;
use policy::request::Unreadable;

const CODINGS: [&str; 6] = ["gzip", "deflate", "br", "zstd", "gzip, br", "deflate, zstd"];
const MOST: u64 = 4 * 1024 * 1024;

/// Checks one input: a coding, the size of the pieces, and the coded bytes.
pub fn check(input: &[u8]) {
    let [coding, split, body @ ..] = input else { return };
    let coding = CODINGS[usize::from(*coding) % CODINGS.len()];
    let whole = decode(coding, &[body]);
    let chunks: Vec<&[u8]> = body.chunks(usize::from(*split) + 1).collect();
    match (decode(coding, &chunks), whole) {
        // How much may come out depends on how much has come in, so a bomb may be seen sooner.
        (Err(Unreadable::TooLargeDecoded), _) | (_, Err(Unreadable::TooLargeDecoded)) => {}
        (split, whole) => assert_eq!(split, whole),
    }
}

fn decode(coding: &str, chunks: &[&[u8]]) -> Result<Vec<u8>, Unreadable> {
    let mut decoded = Vec::new();
    let mut decoder = Decoder::of(coding.as_bytes(), MOST)?.expect("a coding");
    let result = chunks.iter().try_for_each(|chunk| decoder.feed(chunk, &mut |bytes| decoded.extend_from_slice(bytes)));
    assert!(decoded.len() as u64 <= MOST);
    result.and_then(|()| decoder.finish()).map(|()| decoded)
}
