//! Whether a value is a word of a language or of a program, a placeholder, or something random.

/// For each letter, the letters that often follow it in English prose and identifiers: 230 pairs, 94 % of all.
const FOLLOWERS: [&[u8]; 26] = [
    b"bcdgiklmnprstuy",
    b"aeiloruy",
    b"aehiklorstuy",
    b"adeiosu",
    b"acdefglmnpqrstvwx",
    b"aefiloru",
    b"aeior",
    b"aeiortu",
    b"abcdefglmnoprstvxz",
    b"",
    b"eis",
    b"adeilostuy",
    b"abeilopsu",
    b"acdefgiklopstuvy",
    b"cdfgklmnoprstuvwy",
    b"aeiloprstu",
    b"u",
    b"acdegikmnorstuy",
    b"acehimopstuy",
    b"acehiloprstuy",
    b"bceilmnprst",
    b"aeio",
    b"aehior",
    b"t",
    b"opst",
    b"e",
];

/// Whether the pairs of letters in a value are mostly those of a language.
pub fn is_language(value: &[u8]) -> bool {
    is_usual(value, 72)
}

/// Whether nearly all of them are: of random letters, even of few, next to none pass.
pub fn is_surely(value: &[u8]) -> bool {
    is_usual(value, 86)
}

fn is_usual(value: &[u8], percent: usize) -> bool {
    let (mut pairs, mut usual) = (0_usize, 0_usize);
    for pair in value.windows(2) {
        let [first, second] = pair else { continue };
        if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() {
            // A capital after a small letter begins a word of its own.
            if first.is_ascii_lowercase() && second.is_ascii_uppercase() {
                continue;
            }
            pairs += 1;
            usual += usize::from(follows(first.to_ascii_lowercase(), second.to_ascii_lowercase()));
        }
    }
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    letters * 10 >= value.len() * 7 && pairs * 2 >= letters && usual * 100 >= pairs * percent
}

fn follows(first: u8, second: u8) -> bool {
    FOLLOWERS.get(usize::from(first.wrapping_sub(b'a'))).is_some_and(|followers| followers.contains(&second))
}

/// How rare some bytes are in prose and code, in about bits.
pub fn gram_rarity(bytes: &[u8]) -> u32 {
    let odd = |pair: &[u8]| match pair {
        [first, second] if first.is_ascii_lowercase() && second.is_ascii_lowercase() => {
            u32::from(!follows(*first, *second)) * 4
        }
        _ => 0,
    };
    let usual = bytes.windows(3).filter(|three| COMMON.iter().any(|common| common == three)).count() as u32;
    (bytes.iter().map(|byte| rarity(*byte)).sum::<u32>() + bytes.windows(2).map(odd).sum::<u32>())
        .saturating_sub(5 * usual)
}

/// The commonest three letters in a row in English.
const COMMON: [&[u8; 3]; 48] = [
    b"the", b"and", b"ing", b"ion", b"ent", b"her", b"for", b"tha", b"nth", b"int", b"ere", b"tio", b"ter", b"est",
    b"ers", b"ati", b"hat", b"ate", b"all", b"eth", b"hes", b"ver", b"his", b"oft", b"ith", b"fth", b"sth", b"oth",
    b"res", b"ont", b"con", b"com", b"age", b"ess", b"ame", b"ink", b"lin", b"omm", b"wit", b"pro", b"per", b"sta",
    b"cha", b"our", b"ear", b"out", b"exp", b"ist",
];

/// How rare a byte is in prose and code, in about bits; a capital counts as a small letter.
pub fn rarity(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'e' | b't' | b'a' | b' ' => 3,
        b'o' | b'i' | b'n' | b's' | b'r' | b'h' | b'l' | b'd' | b'c' => 4,
        b'u' | b'm' | b'p' | b'g' | b'f' | b'w' | b'y' | b'b' | b'0' | b'.' | b',' => 5,
        b'-' | b'_' | b'/' | b'"' | b'=' | b':' | b'v' | b'k' | b'1'..=b'9' => 6,
        _ => 8,
    }
}

/// Parts of values that stand in for a secret.
const STAND_INS: [&[u8]; 34] = [
    b"example",
    b"placeholder",
    b"changeme",
    b"change_me",
    b"change-me",
    b"change this",
    b"your",
    b"dummy",
    b"redacted",
    b"insert",
    b"replace",
    b"xxxx",
    b"****",
    b"....",
    b"sample",
    b"todo",
    b"fixme",
    b"secret_here",
    b"key_here",
    b"token_here",
    b"_here",
    b"-here",
    b"abcdefgh",
    b"12345678",
    b"undefined",
    b"process.env",
    b"os.environ",
    b"getenv",
    b"env.",
    b"secrets.",
    b"vault:",
    b"00000000",
    b"my-secret",
    b"my_secret",
];
/// Values that say that there is none.
const NOTHING: [&[u8]; 16] = [
    b"null",
    b"none",
    b"nil",
    b"true",
    b"false",
    b"empty",
    b"string",
    b"str",
    b"required",
    b"optional",
    b"hidden",
    b"password",
    b"secret",
    b"token",
    b"test",
    b"default",
];

/// Whether a value stands in for a secret: a variable, a template, a word like `changeme`, a repeated character.
pub fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let stands_in = |at: usize, byte: &u8| {
        let mut parts = STAND_INS.iter().filter(|part| part.first() == Some(byte));
        parts.any(|part| lower.get(at..).is_some_and(|rest| rest.starts_with(part)))
    };
    let first = lower.first().copied().unwrap_or(b'x');
    NOTHING.contains(&lower.as_slice())
        || lower.iter().enumerate().any(|(at, byte)| stands_in(at, byte))
        || is_template(&lower)
        || lower.iter().all(|byte| *byte == first)
        || distinct(&lower) <= 3.min(lower.len() / 4)
}

/// Whether a value is filled in elsewhere: `${VAR}`, `$VAR`, `{{ var }}`, `%VAR%`, `<token>`, `[TOKEN]`.
fn is_template(value: &[u8]) -> bool {
    match value {
        [b'$', b'{' | b'(', ..] | [b'{', b'{', ..] | [b'#', b'{', ..] => true,
        [b'$', name @ ..] => name.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_'),
        [b'%', .., b'%'] | [b'<', .., b'>'] | [b'[', .., b']'] | [b'{', .., b'}'] | [b'<', ..] => true,
        _ => value.array_windows().any(|two| matches!(two, b"${" | b"{{")),
    }
}

/// How many different bytes a value has.
pub fn distinct(value: &[u8]) -> usize {
    let mut seen = super::pattern::ByteSet::default();
    value.iter().for_each(|byte| seen.add(*byte, *byte));
    seen.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_random_letters() {
        for word in ["authentication", "primaryKeyColumn", "user-interface", "organisation_settings"] {
            assert!(is_language(word.as_bytes()), "{word}");
        }
        for random in ["qZxKvWpTbGhRnMjL", "x8Fq2LmZ0pVw", "kdjfhgqwzxcv", "9f86d081884c7d65"] {
            assert!(!is_language(random.as_bytes()), "{random}");
        }
    }

    #[test]
    fn placeholders_are_known() {
        for value in [
            "${TOKEN}",
            "$API_KEY",
            "<your-key>",
            "{{ secret }}",
            "xxxxxxxxxx",
            "changeme",
            "aaaaaaa",
            "null",
            "%TOKEN%",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        for value in ["hunter2!", "$2a$10$N9qo8uLOickgx2ZM", "Tr0ub4dor&3"] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }
}
