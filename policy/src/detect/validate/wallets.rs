//! Addresses and keys of cryptocurrencies.

use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("btc-address", btc_address),
    ("eth-address", eth_address),
    ("base58check", base58check),
    ("btc-wif", btc_wif),
    ("bech32", bech32),
    ("coin-address", coin_address),
];

/// A Bitcoin address: base58check with version 0 or 5, or bech32 (BIP 173) or bech32m (BIP 350) with `bc`.
fn btc_address(text: &str) -> Check {
    if text.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("bc1")) {
        return bech32(text);
    }
    Check::proves(
        decode_base58check(text).is_some_and(|bytes| bytes.len() == 21 && matches!(bytes.first(), Some(0 | 5))),
    )
}

/// An address in base58check or bech32, of whichever currency.
fn coin_address(text: &str) -> Check {
    Check::proves(decode_base58check(text).is_some() || bech32(text) == Check::Valid)
}

/// A private key in Bitcoin's wallet import format: base58check, version 0x80, 32 bytes, and 1 if the public key is compressed.
fn btc_wif(text: &str) -> Check {
    let bytes = decode_base58check(text).unwrap_or_default();
    Check::proves(bytes.first() == Some(&0x80) && matches!((bytes.len(), bytes.last()), (33, _) | (34, Some(1))))
}

/// Base58 with four bytes of double SHA-256 at the end, as most currencies use it.
fn base58check(text: &str) -> Check {
    Check::proves(decode_base58check(text).is_some())
}

/// The most characters of base58 that are decoded: decoding is quadratic. Extended keys have 111.
const MOST_BASE58: usize = 128;

fn decode_base58check(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if text.len() > MOST_BASE58 {
        return None;
    }
    let mut little = Vec::new();
    for byte in text.bytes() {
        let mut carry = ALPHABET.iter().position(|known| *known == byte)?;
        for place in &mut little {
            carry += usize::from(*place) * 58;
            *place = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            little.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    let zeros = text.bytes().take_while(|byte| *byte == b'1').count();
    let bytes: Vec<u8> = std::iter::repeat_n(0, zeros).chain(little.into_iter().rev()).collect();
    let (body, check) = bytes.split_last_chunk::<4>()?;
    let twice = Sha256::digest(Sha256::digest(body));
    twice.as_slice().starts_with(check).then(|| body.to_vec())
}

/// BIP 173 and BIP 350: one case, a separator `1`, a checksum of 1 (bech32) or 0x2bc830a3 (bech32m).
fn bech32(text: &str) -> Check {
    let mixed =
        text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = text.to_ascii_lowercase();
    Check::proves(
        !mixed && lower.len() <= 128 && lower.rsplit_once('1').is_some_and(|(human, data)| bech32_holds(human, data)),
    )
}

fn bech32_holds(human: &str, data: &str) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let values: Option<Vec<u32>> = data
        .bytes()
        .map(|byte| ALPHABET.iter().position(|known| *known == byte).and_then(|place| u32::try_from(place).ok()))
        .collect();
    let Some(values) = values.filter(|values| values.len() >= 6 && !human.is_empty()) else { return false };
    let high = human.bytes().map(|byte| u32::from(byte >> 5));
    let low = human.bytes().map(|byte| u32::from(byte & 31));
    let end = high.chain([0]).chain(low).chain(values).fold(1_u32, |sum, value| {
        let top = sum >> 25;
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ value;
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| (top >> bit) & 1 == 1)
            .fold(shifted, |sum, (_, generator)| sum ^ generator)
    });
    matches!(end, 1 | 0x2bc8_30a3)
}

/// An Ethereum address: with letters of both cases they are its checksum (EIP-55), else nothing proves it.
fn eth_address(text: &str) -> Check {
    let Some(hex) =
        text.strip_prefix("0x").filter(|hex| hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    else {
        return Check::Invalid;
    };
    if hex.bytes().all(|byte| byte == b'0') || hex.bytes().all(|byte| byte.eq_ignore_ascii_case(&b'f')) {
        return Check::Invalid;
    }
    let has = |case: fn(&u8) -> bool| hex.bytes().any(|byte| case(&byte));
    if !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)) {
        return Check::Unsure;
    }
    let hash = Keccak256::digest(hex.to_ascii_lowercase());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Check::proves(
        hex.bytes()
            .zip(nibbles)
            .all(|(byte, nibble)| !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() == (nibble > 7)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Check, find};

    #[test]
    fn published_addresses_hold_and_a_changed_character_shows() {
        let good = [
            ("btc-address", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            ("btc-address", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG"),
            ("btc-address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
            ("btc-address", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
            ("btc-wif", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"),
            ("base58check", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            ("eth-address", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
            ("eth-address", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"),
        ];
        for (name, text) in good {
            let validator = find(name).unwrap();
            assert_eq!(validator(text), Check::Valid, "{name} {text}");
            let mut other = text.as_bytes().to_vec();
            for byte in &mut other[6..] {
                let kept = *byte;
                *byte = if kept.is_ascii_lowercase() { kept.to_ascii_uppercase() } else { b'q' };
                if *byte != kept {
                    break;
                }
            }
            assert_eq!(validator(std::str::from_utf8(&other).unwrap()), Check::Invalid, "{name} {text}");
        }
    }

    #[test]
    fn an_ethereum_address_in_one_case_is_not_proved() {
        let validator = find("eth-address").unwrap();
        assert_eq!(validator("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"), Check::Unsure);
        assert_eq!(validator("0x0000000000000000000000000000000000000000"), Check::Invalid);
    }
}
