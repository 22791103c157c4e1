//! Looks at many bytes together.

pub use imp::of;

/// With the vector instructions of WebAssembly.
#[cfg(target_feature = "simd128")]
mod imp {
    use super::super::{CHUNK, Marks};
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_splat, u8x16_sub, u64x2, v128};

    /// The marks of 64 bytes.
    pub fn of(bytes: &[u8; CHUNK]) -> Marks {
        let mut marks = Marks::default();
        for (sixteen, shift) in bytes.as_chunks::<16>().0.iter().zip((0..).step_by(16)) {
            let whole = u128::from_le_bytes(*sixteen);
            let lanes = u64x2(whole as u64, (whole >> 64) as u64);
            marks.digit |= between(lanes, b'0', b'9') << shift;
            marks.lower |= between(lanes, b'a', b'z') << shift;
            marks.upper |= between(lanes, b'A', b'Z') << shift;
            marks.underscore |= is(lanes, b'_') << shift;
            marks.symbol |= (is(lanes, b'+') | is(lanes, b'-') | is(lanes, b'/')) << shift;
            marks.backslash |= is(lanes, b'\\') << shift;
        }
        marks
    }

    /// A bit for each byte that lies between these two or is one of them.
    fn between(lanes: v128, first: u8, last: u8) -> u64 {
        let moved = u8x16_sub(lanes, u8x16_splat(first));
        u64::from(u8x16_bitmask(u8x16_le(moved, u8x16_splat(last - first))))
    }

    /// A bit for each byte that is this one.
    fn is(lanes: v128, byte: u8) -> u64 {
        u64::from(u8x16_bitmask(u8x16_eq(lanes, u8x16_splat(byte))))
    }
}

/// In plain Rust, of which compilers make what vector instructions there are.
#[cfg(not(target_feature = "simd128"))]
mod imp {
    use super::super::{CHUNK, Marks};

    /// The marks of 64 bytes.
    pub fn of(bytes: &[u8; CHUNK]) -> Marks {
        let mut classes = [0_u8; CHUNK];
        for (class, byte) in classes.iter_mut().zip(bytes) {
            *class = class_of(*byte);
        }
        let mut marks = Marks::default();
        for (eight, shift) in classes.as_chunks::<8>().0.iter().zip((0..).step_by(8)) {
            let classes = u64::from_le_bytes(*eight);
            marks.digit |= gather(classes) << shift;
            marks.lower |= gather(classes >> 1) << shift;
            marks.upper |= gather(classes >> 2) << shift;
            marks.underscore |= gather(classes >> 3) << shift;
            marks.symbol |= gather(classes >> 4) << shift;
            marks.backslash |= gather(classes >> 5) << shift;
        }
        marks
    }

    /// A bit for each class, without a branch.
    fn class_of(byte: u8) -> u8 {
        let between = |first: u8, last: u8| u8::from(byte.wrapping_sub(first) <= last - first);
        let is = |other: u8| u8::from(byte == other);
        let symbol = is(b'+') | is(b'-') | is(b'/');
        between(b'0', b'9')
            | between(b'a', b'z') << 1
            | between(b'A', b'Z') << 2
            | is(b'_') << 3
            | symbol << 4
            | is(b'\\') << 5
    }

    /// The lowest bits of eight bytes, side by side.
    fn gather(flags: u64) -> u64 {
        (flags & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }
}
