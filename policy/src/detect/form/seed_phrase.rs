//! `seed-phrase`: 12, 15, 18, 21 or 24 short words after a word that says what they are. BIP 39.

use super::{Form, Hit, Stands};
use crate::detect::Confidence;

pub const FORM: Form = Form {
    name: "seed-phrase",
    triggers: &[
        "seed phrase",
        "seed words",
        "mnemonic",
        "recovery phrase",
        "recovery words",
        "backup phrase",
        "wallet phrase",
        "seedphrase",
        "secret phrase",
        "bip39",
        "bip-39",
    ],
    stands: Stands::Anywhere,
    far: 0,
    find,
};

/// How far after the trigger the phrase may begin.
const MAX_GAP: usize = 96;
/// How many words there may be.
const COUNTS: [usize; 5] = [12, 15, 18, 21, 24];
/// Words that are everywhere in prose and not in the list of BIP 39.
const PROSE: [&[u8]; 24] = [
    b"the", b"and", b"for", b"are", b"was", b"with", b"from", b"your", b"you", b"have", b"has", b"not", b"but", b"can",
    b"were", b"been", b"they", b"their", b"them", b"which", b"our", b"what", b"how", b"who",
];

fn find(text: &[u8], at: usize, steps: &mut u64) -> Option<Hit> {
    let mut place = at;
    let mut best: Option<(usize, usize, usize)> = None;
    let mut words = 0;
    let mut start = at;
    let mut end = at;
    let limit = (at + MAX_GAP + 24 * 10).min(text.len());
    while place < limit {
        let word = text.get(place..limit)?.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let letters = text.get(place..place + word)?;
        *steps = steps.saturating_sub(word as u64 + 1);
        if (3..=8).contains(&word) && letters.iter().all(u8::is_ascii_lowercase) && !PROSE.contains(&letters) {
            if words == 0 {
                start = place;
            }
            words += 1;
            end = place + word;
            best = best.filter(|b| b.0 >= words).or(Some((words, start, end)));
        } else if word > 0 {
            words = 0;
        }
        place += word;
        let gap = text.get(place..limit)?.iter().take_while(|byte| !byte.is_ascii_alphabetic()).count();
        // Between two words stand blanks, or commas, or the numbers of a list.
        if text.get(place..place + gap)?.iter().any(|byte| !b" \t\n\r,\"'.)0123456789".contains(byte)) {
            words = 0;
        }
        place += gap.max(usize::from(word == 0));
    }
    let _ = end;
    let (words, start, end) = best?;
    let confidence = if COUNTS.contains(&words) { Confidence::Context } else { Confidence::Pattern };
    (words >= 12 && start <= at + MAX_GAP).then_some(Hit { start, end, confidence, test: false })
}
