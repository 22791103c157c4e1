//! Payment cards, bank accounts, securities.

use super::checksum::{luhn, luhn_expanded, mod97, weighted};
use super::text::{base36, compact, compact_exactly, digits, exactly, number, uniform};
use super::{Check, Validator};

pub(super) const TABLE: &[(&str, Validator)] = &[
    ("luhn", plain_luhn),
    ("card", card),
    ("card-track", card_track),
    ("iban", iban),
    ("bic", bic),
    ("us-aba-routing", us_aba_routing),
    ("mx-clabe", mx_clabe),
    ("isin", isin),
    ("cusip", cusip),
    ("sedol", sedol),
    ("lei", lei),
];

/// Luhn over the digits of the text, whatever their number.
fn plain_luhn(text: &str) -> Check {
    let digits = digits(text);
    Check::proves(luhn(&digits) && !uniform(&digits))
}

/// Payment card numbers: ISO/IEC 7812-1 (issuer ranges and lengths by network, Luhn).
fn card(text: &str) -> Check {
    let digits = digits(text);
    let known = card_lengths(&digits).is_some_and(|lengths| lengths.contains(&digits.len()));
    Check::proves(known && luhn(&digits) && !repetitive(&digits) && grouped_as_a_card(text))
}

/// The lengths that the issuer range of a card number allows.
fn card_lengths(digits: &[u8]) -> Option<&'static [usize]> {
    let prefix = number(&digits.iter().take(6).map(|digit| digit + b'0').collect::<Vec<_>>())?;
    Some(match prefix {
        100_000..=199_999 => &[15],                     // UATP
        220_000..=220_499 => &[16, 17, 18, 19],         // Mir
        222_100..=272_099 | 510_000..=559_999 => &[16], // Mastercard
        300_000..=305_999 | 360_000..=369_999 | 380_000..=399_999 | 309_500..=309_599 => &[14, 15, 16, 17, 18, 19], // Diners Club
        340_000..=349_999 | 370_000..=379_999 => &[15], // American Express
        350_000..=358_999 => &[16, 17, 18, 19],         // JCB
        400_000..=499_999 => &[13, 16, 19],             // Visa
        601_100..=601_199 | 620_000..=629_999 | 640_000..=659_999 => &[16, 17, 18, 19], // Discover, UnionPay
        500_000..=509_999 | 560_000..=699_999 => &[12, 13, 14, 15, 16, 17, 18, 19], // Maestro, RuPay
        810_000..=829_999 => &[16],                     // UnionPay, RuPay
        _ => return None,
    })
}

/// Whether nearly all digits after the issuer's are one: `4000000000000000` and the like are typed, not issued.
fn repetitive(digits: &[u8]) -> bool {
    uniform(digits) || digits.get(1..).is_some_and(uniform)
}

/// Whether separators, if any, are one character that stands between groups of four or more (4-4-4-4, 4-6-5, 4-6-4).
fn grouped_as_a_card(text: &str) -> bool {
    let mut separators = text.bytes().filter(|byte| !byte.is_ascii_digit());
    let Some(first) = separators.next() else { return true };
    let groups = || text.split(|c: char| !c.is_ascii_digit());
    let last = groups().count().saturating_sub(1);
    separators.all(|other| other == first)
        && groups().enumerate().all(|(place, group)| group.len() >= if place == last { 1 } else { 4 })
}

/// The account number in the data of a magnetic stripe: ISO/IEC 7813, tracks 1 and 2.
fn card_track(text: &str) -> Check {
    let account: Vec<u8> = text
        .bytes()
        .skip_while(|byte| !byte.is_ascii_digit())
        .take_while(u8::is_ascii_digit)
        .map(|byte| byte - b'0')
        .take(20)
        .collect();
    Check::proves((12..=19).contains(&account.len()) && luhn(&account))
}

/// ISO 13616 (IBAN): the length and the letters of the country's registered structure, mod 97 = 1.
fn iban(text: &str) -> Check {
    let value = compact(text);
    let (Some(country), Some(body)) = (value.get(..2), value.get(4..)) else { return Check::Invalid };
    let head = value.iter().take(4).copied();
    let known = IBANS.iter().any(|(code, structure)| code.as_bytes() == country && fits(body, structure));
    let mixed =
        text.bytes().any(|byte| byte.is_ascii_lowercase()) && text.bytes().any(|byte| byte.is_ascii_uppercase());
    if !known || mixed {
        return Check::Invalid;
    }
    Check::proves(mod97(body.iter().copied().chain(head)) == Some(1))
}

/// Whether the account part is as `structure` says: pairs of a length and `n` (digits), `a` (letters), `c` (either).
fn fits(body: &[u8], structure: &str) -> bool {
    let mut rest = body.iter();
    let mut length = 0;
    for sign in structure.bytes() {
        if sign.is_ascii_digit() {
            length = length * 10 + usize::from(sign - b'0');
            continue;
        }
        let fits = |byte: &u8| match sign {
            b'n' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_alphanumeric(),
        };
        if rest.by_ref().take(length).filter(|byte| fits(byte)).count() != length {
            return false;
        }
        length = 0;
    }
    rest.next().is_none()
}

/// The structure of the account part by country: SWIFT IBAN Registry, release 99, neighbours of one kind joined. British
/// numbers are also known one digit short, as generators of test data write them.
#[rustfmt::skip]
const IBANS: &[(&str, &str)] = &[
    ("AD", "8n12c"), ("AE", "19n"), ("AL", "8n16c"), ("AT", "16n"), ("AZ", "4a20c"), ("BA", "16n"), ("BE", "12n"), ("BG", "4a6n8c"),
    ("BH", "4a14c"), ("BI", "23n"), ("BR", "23n1a1c"), ("BY", "4c4n16c"), ("CH", "5n12c"), ("CR", "18n"), ("CY", "8n16c"), ("CZ", "20n"),
    ("DE", "18n"), ("DJ", "23n"), ("DK", "14n"), ("DO", "4c20n"), ("EE", "16n"), ("EG", "25n"), ("ES", "20n"), ("FI", "14n"),
    ("FK", "2a12n"), ("FO", "14n"), ("FR", "10n11c2n"), ("GB", "4a14n"), ("GB", "4a13n"), ("GE", "2a16n"), ("GI", "4a15c"), ("GL", "14n"), ("GR", "7n16c"),
    ("GT", "24c"), ("HN", "4a20n"), ("HR", "17n"), ("HU", "24n"), ("IE", "4a14n"), ("IL", "19n"), ("IQ", "4a15n"), ("IS", "22n"),
    ("IT", "1a10n12c"), ("JO", "4a4n18c"), ("KW", "4a22c"), ("KZ", "3n13c"), ("LB", "4n20c"), ("LC", "4a24c"), ("LI", "5n12c"), ("LT", "16n"),
    ("LU", "3n13c"), ("LV", "4a13c"), ("LY", "21n"), ("MC", "10n11c2n"), ("MD", "20c"), ("ME", "18n"), ("MK", "3n10c2n"), ("MN", "16n"),
    ("MR", "23n"), ("MT", "4a5n18c"), ("MU", "4a19n3a"), ("NI", "4a20n"), ("NL", "4a10n"), ("NO", "11n"), ("OM", "3n16c"), ("PK", "4a16c"),
    ("PL", "24n"), ("PS", "4a21c"), ("PT", "21n"), ("QA", "4a21c"), ("RO", "4a16c"), ("RS", "18n"), ("RU", "14n15c"), ("SA", "2n18c"),
    ("SC", "4a20n3a"), ("SD", "14n"), ("SE", "20n"), ("SI", "15n"), ("SK", "20n"), ("SM", "1a10n12c"), ("SO", "19n"), ("ST", "21n"),
    ("SV", "4a20n"), ("TL", "19n"), ("TN", "20n"), ("TR", "6n16c"), ("UA", "6n19c"), ("VA", "18n"), ("VG", "4a16n"), ("XK", "16n"), ("YE", "4a4n18c"),
];

/// ISO 9362 (BIC): the fifth and sixth characters are a country.
fn bic(text: &str) -> Check {
    let value = compact(text);
    let country = value.get(4..6).and_then(|code| std::str::from_utf8(code).ok());
    Check::allows(
        matches!(value.len(), 8 | 11) && country.is_some_and(|code| COUNTRIES.split(' ').any(|known| known == code)),
    )
}

/// ISO 3166-1 alpha-2, and XK for Kosovo.
pub(super) const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ \
DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ \
LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// American Bankers Association routing number: Federal Reserve district in front, weights 3, 7, 1 mod 10.
fn us_aba_routing(text: &str) -> Check {
    let Some(digits) = exactly::<9>(text) else { return Check::Invalid };
    let district = digits[0] * 10 + digits[1];
    let known = matches!(district, 1..=12 | 21..=32 | 61..=72 | 80);
    Check::proves(known && weighted(&digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10))
}

/// Clave Bancaria Estandarizada: weights 3, 7, 1, each product mod 10 (Asociación de Bancos de México).
fn mx_clabe(text: &str) -> Check {
    let Some(digits) = exactly::<18>(text) else { return Check::Invalid };
    let sum: u32 = digits
        .iter()
        .take(17)
        .zip([3, 7, 1].into_iter().cycle())
        .map(|(digit, weight)| u32::from(*digit) * weight % 10)
        .sum();
    Check::proves((10 - sum % 10) % 10 == u32::from(digits[17]) && !uniform(&digits))
}

/// ISO 6166: a country (or XS, EU), nine letters or digits, Luhn over the expanded digits.
fn isin(text: &str) -> Check {
    let Some(value) = compact_exactly::<12>(text) else { return Check::Invalid };
    let country = std::str::from_utf8(value.as_slice()).ok().and_then(|value| value.get(..2));
    let known = country.is_some_and(|code| {
        matches!(code, "XS" | "EU" | "XA" | "XB" | "XC" | "XD") || COUNTRIES.split(' ').any(|known| known == code)
    });
    Check::proves(known && value[11].is_ascii_digit() && luhn_expanded(&value))
}

/// CUSIP (ANSI X9.6): each second value doubled, digits summed, mod 10.
fn cusip(text: &str) -> Check {
    let Some(value) = compact_exactly::<9>(text) else { return Check::Invalid };
    let sum: Option<u32> = value
        .iter()
        .take(8)
        .enumerate()
        .map(|(place, byte)| {
            base36(*byte)
                .map(|value| if place % 2 == 1 { value * 2 } else { value })
                .map(|value| value / 10 + value % 10)
        })
        .sum();
    Check::proves(sum.map(|sum| (10 - sum % 10) % 10) == base36(value[8]))
}

/// SEDOL (London Stock Exchange): no vowels, weights 1, 3, 1, 7, 3, 9, 1 mod 10.
fn sedol(text: &str) -> Check {
    let Some(value) = compact_exactly::<7>(text) else { return Check::Invalid };
    let vowels = value.iter().any(|byte| b"AEIOU".contains(byte));
    let sum: Option<u32> =
        value.iter().zip([1, 3, 1, 7, 3, 9, 1]).map(|(byte, weight)| base36(*byte).map(|value| value * weight)).sum();
    Check::proves(!vowels && value[6].is_ascii_digit() && sum.is_some_and(|sum| sum > 0 && sum.is_multiple_of(10)))
}

/// ISO 17442 (LEI): mod 97 = 1.
fn lei(text: &str) -> Check {
    let value = compact(text);
    Check::proves(value.len() == 20 && value.iter().any(u8::is_ascii_alphabetic) && mod97(value) == Some(1))
}

#[cfg(test)]
mod tests {
    use super::super::{Check, find};

    #[test]
    fn cards_need_an_issuer_a_length_and_a_check_digit() {
        let card = find("card").unwrap();
        let good = [
            "4242 4242 4242 4242",
            "5105-1051-0510-5100",
            "378282246310005",
            "3782 822463 10005",
            "6011000990139424",
            "3530111333300000",
            "2223003122003222",
            "30569309025904",
            "6759649826438453",
            "2200 0000 0000 0004",
            "4012888888881881",
        ];
        let bad = [
            "4242 4242 4242 4243",
            "4242-4242 42424242",
            "42 42 42 42 42 42 42 42",
            "0000000000000000",
            "9999999999999995",
            "4000000000000000",
            "2821000000000004",
            "371449635398432",
        ];
        assert!(good.iter().all(|text| card(text) == Check::Valid), "{:?}", good.map(|text| (text, card(text))));
        assert!(bad.iter().all(|text| card(text) == Check::Invalid), "{:?}", bad.map(|text| (text, card(text))));
    }

    #[test]
    fn every_single_wrong_digit_of_an_iban_shows() {
        let iban = find("iban").unwrap();
        for good in [
            "DE89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "BR1800360305000010009795493C1",
        ] {
            assert_eq!(iban(good), Check::Valid, "{good}");
            for (place, byte) in good.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
                let mut other = good.as_bytes().to_vec();
                other[place] = if byte == b'9' { b'0' } else { byte + 1 };
                assert_eq!(iban(std::str::from_utf8(&other).unwrap()), Check::Invalid, "{good} at {place}");
            }
        }
    }

    #[test]
    fn published_numbers_of_banks_and_securities_hold() {
        let cases = [
            ("us-aba-routing", "021000021", "021000022"),
            ("us-aba-routing", "1210-0035-8", "421042111"),
            ("mx-clabe", "032180000118359719", "032180000118359718"),
            ("isin", "US0378331005", "US0378331004"),
            ("isin", "GB0002634946", "ZZ0002634946"),
            ("cusip", "037833100", "037833101"),
            ("cusip", "38259P508", "38259P509"),
            ("sedol", "B0WNLY7", "B0WNLY8"),
            ("lei", "5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R13"),
            ("card-track", "%B4242424242424242^DOE/JOHN^2512", "%B4242424242424243^DOE/JOHN^2512"),
        ];
        for (name, good, bad) in cases {
            let validator = find(name).unwrap();
            assert_eq!((validator(good), validator(bad)), (Check::Valid, Check::Invalid), "{name} {good}");
        }
        assert_eq!(find("bic").unwrap()("DEUTDEFF"), Check::Unsure);
        assert_eq!(find("bic").unwrap()("PASSWORD"), Check::Invalid);
    }
}
