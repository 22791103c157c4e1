//! Every coding: whole, in pieces, broken, and as a bomb.

use std::io::Write;

use super::*;

const MOST: u64 = 32 * 1024 * 1024;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn br(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    ::brotli::CompressorWriter::new(&mut encoded, 4096, 9, 22).write_all(bytes).unwrap();
    encoded
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).unwrap()
}

type Encode = fn(&[u8]) -> Vec<u8>;

/// Every coding with its encoder.
const CODINGS: [(&str, Encode); 5] =
    [("gzip", gzip), ("deflate", zlib), ("deflate", deflate), ("br", br), ("zstd", zstd)];

fn decode(name: &str, encoded: &[u8], chunk: usize) -> Result<Vec<u8>, Unreadable> {
    let mut decoded = Vec::new();
    let mut decoder = Decoder::of(name.as_bytes(), MOST)?.expect("a coding");
    encoded.chunks(chunk).try_for_each(|chunk| decoder.feed(chunk, &mut |bytes| decoded.extend_from_slice(bytes)))?;
    decoder.finish()?;
    Ok(decoded)
}

/// Text that compresses as JSON does.
fn text(length: usize) -> Vec<u8> {
    (0_u64..).flat_map(|n| format!("{{\"n\":{}}},", n.wrapping_mul(0x9E37_79B9)).into_bytes()).take(length).collect()
}

#[test]
fn every_coding_gives_back_what_went_in_however_it_is_split() {
    for (name, encode) in CODINGS {
        for length in [0, 1, 100, 200_000] {
            let text = text(length);
            let encoded = encode(&text);
            for chunk in [1, 7, 4096, usize::MAX] {
                let decoded = decode(name, &encoded, chunk);
                assert!(decoded == Ok(text.clone()), "{name}, {length} bytes in chunks of {chunk}");
            }
        }
    }
}

#[test]
fn codings_are_undone_in_reverse_and_only_a_few() {
    let text = text(10_000);
    assert!(decode("gzip, br", &br(&gzip(&text)), 100) == Ok(text.clone()));
    assert!(decode("zstd,,identity , GZIP,deflate", &zlib(&gzip(&zstd(&text))), 100) == Ok(text.clone()));
    assert_eq!(decode("br, gzip", &br(&gzip(&text)), 100), Err(Unreadable::CorruptEncoding));
    assert_eq!(decode("gzip,gzip,gzip,gzip", &[], 1), Err(Unreadable::UnknownEncoding));
}

#[test]
fn what_changes_nothing_needs_no_decoder_and_what_is_unknown_has_none() {
    for nothing in ["", "identity", " , Identity,"] {
        assert!(Decoder::of(nothing.as_bytes(), MOST).unwrap().is_none(), "{nothing}");
    }
    for unknown in ["compress", "gzip;q=1", "gzip br", "aws-chunked", "\u{e9}"] {
        assert_eq!(Decoder::of(unknown.as_bytes(), MOST).err(), Some(Unreadable::UnknownEncoding), "{unknown}");
    }
}

#[test]
fn a_stream_that_is_cut_short_or_goes_on_is_refused() {
    let text = text(2_000);
    for (name, encode) in CODINGS {
        let encoded = encode(&text);
        for end in 0..encoded.len() {
            let cut = decode(name, &encoded[..end], 64);
            assert_eq!(cut, Err(Unreadable::CorruptEncoding), "{name} cut at {end}");
        }
        for chunk in [1, usize::MAX] {
            let longer = [encoded.as_slice(), b"x"].concat();
            assert_eq!(decode(name, &longer, chunk), Err(Unreadable::CorruptEncoding), "{name} with more");
        }
    }
}

#[test]
fn a_broken_stream_never_gives_another_text() {
    let text = text(500);
    for (name, encode) in CODINGS {
        let encoded = encode(&text);
        let checked = name == "gzip" || (name, &encoded[0]) == ("deflate", &0x78);
        for place in 0..encoded.len() {
            for bit in 0..8 {
                let mut broken = encoded.clone();
                broken[place] ^= 1 << bit;
                let decoded = decode(name, &broken, 64);
                assert!(!checked || decoded.is_err() || decoded == Ok(text.clone()), "{name}, bit {bit} of {place}");
            }
        }
    }
}

#[test]
fn several_members_are_one_body() {
    let text = text(1_000);
    for (name, encode) in [CODINGS[0], CODINGS[4]] {
        let members = [encode(&text), encode(b""), encode(&text)].concat();
        for chunk in [1, 10, usize::MAX] {
            assert!(decode(name, &members, chunk) == Ok(text.repeat(2)), "{name} in chunks of {chunk}");
        }
    }
}

#[test]
fn gzip_headers_may_have_every_field() {
    let mut encoder =
        flate2::GzBuilder::new().filename("n").comment("c").extra("xx").write(Vec::new(), Default::default());
    encoder.write_all(b"hello").unwrap();
    let encoded = encoder.finish().unwrap();
    assert_eq!(decode("gzip", &encoded, 1), Ok(b"hello".to_vec()));
    let endless = [&[0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 0], vec![b'n'; 100_000].as_slice()].concat();
    assert_eq!(decode("gzip", &endless, 1_000), Err(Unreadable::CorruptEncoding));
}

#[test]
fn zstd_frames_have_their_checksum_checked() {
    // `printf hello | zstd --check`
    let checked = b"\x28\xB5\x2F\xFD\x04\x58\x29\x00\x00hello\xA3\x6D\x9F\x88";
    let mut encoded = checked.to_vec();
    let checksum = decode("zstd", &encoded, 1);
    encoded[9] ^= 1;
    assert_eq!((checksum, decode("zstd", &encoded, 1)), (Ok(b"hello".to_vec()), Err(Unreadable::CorruptEncoding)));
}

#[test]
fn hidden_frames_and_huge_windows_are_refused() {
    let skipped = [b"\x50\x2A\x4D\x18\x05\x00\x00\x00hello".as_slice(), &zstd(b"x")].concat();
    assert_eq!(decode("zstd", &skipped, 1), Err(Unreadable::CorruptEncoding));
    let window = b"\x28\xB5\x2F\xFD\x00\xF8\x01\x00\x00";
    assert_eq!(decode("zstd", window, 1), Err(Unreadable::TooLargeDecoded));
    // The encoder's largest windows: 16 MB.
    let mut encoded = Vec::new();
    ::brotli::CompressorWriter::new(&mut encoded, 4096, 9, 24).write_all(&text(1_000)).unwrap();
    assert_eq!(decode("br", &encoded, 1), Err(Unreadable::TooLargeDecoded));
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let zeros = vec![b' '; 4_000_000];
    for (name, encode) in CODINGS {
        let bomb = encode(&zeros);
        let mut given = 0;
        let mut decoder = Decoder::of(name.as_bytes(), MOST).unwrap().unwrap();
        let fed = decoder.feed(&bomb, &mut |bytes| given += bytes.len() as u64);
        assert_eq!(fed, Err(Unreadable::TooLargeDecoded), "{name}");
        assert!(given <= RATIO_FREE.max(bomb.len() as u64 * RATIO_MOST) && given <= MOST, "{name} gave {given}");
        assert_eq!(decoder.finish(), Err(Unreadable::TooLargeDecoded));
    }
    let nested = gzip(&gzip(&zeros));
    assert_eq!(decode("gzip,gzip", &nested, 100), Err(Unreadable::TooLargeDecoded));
}

#[test]
fn the_cap_holds_for_every_stage() {
    let text = text(100_000);
    let decoder = |most| {
        let mut decoder = Decoder::of(b"gzip", most).unwrap().unwrap();
        decoder.feed(&gzip(&text), &mut |_| {}).and_then(|()| decoder.finish())
    };
    assert_eq!(decoder(100_000), Ok(()));
    assert_eq!(decoder(99_999), Err(Unreadable::TooLargeDecoded));
}
