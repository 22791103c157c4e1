//! Numbers that independent implementations and their issuers' documents call right and wrong.

use super::{Check, find, names};

/// A validator, two numbers that it must call valid, and two that it must not.
type Case = (&'static str, [&'static str; 2], [&'static str; 2]);

#[test]
fn known_numbers_are_told_right_from_wrong() {
    let wrong: Vec<String> = CASES.iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check((name, good, bad): &Case) -> Vec<String> {
    let validator = find(name).unwrap();
    let good =
        good.iter().filter(|text| validator(text) != Check::Valid).map(|text| format!("{name}: {text} is refused"));
    let bad = bad.iter().filter(|text| validator(text) == Check::Valid).map(|text| format!("{name}: {text} is taken"));
    good.chain(bad).collect()
}

#[test]
fn numbers_that_are_only_plausible_stay_unproved() {
    let cases = [
        ("us-ssn", "536-22-1234", Check::Unsure),
        ("us-ssn", "078-05-1120", Check::Specimen),
        ("us-ssn", "000-12-3456", Check::Invalid),
        ("us-ssn", "666-12-3456", Check::Invalid),
        ("us-ssn", "536-00-1234", Check::Invalid),
        ("us-ssn", "536-22 1234", Check::Invalid),
        ("us-itin", "912-70-1234", Check::Unsure),
        ("us-itin", "912-40-1234", Check::Invalid),
        ("us-ein", "12-3456789", Check::Unsure),
        ("us-ein", "07-3456789", Check::Invalid),
        ("uk-nino", "AB 12 34 56 C", Check::Unsure),
        ("uk-nino", "GB 12 34 56 C", Check::Invalid),
        ("uk-driving-licence", "MORGA657054SM9IJ", Check::Unsure),
        ("uk-driving-licence", "MORGA613054SM9IJ", Check::Invalid),
        ("us-mbi", "1EG4-TE5-MK73", Check::Unsure),
        ("us-mbi", "1EG4-LE5-MK73", Check::Invalid),
        ("ipv4", "192.168.1.1", Check::Unsure),
        ("ipv4", "203.0.113.9/24", Check::Specimen),
        ("ipv4", "300.168.1.1", Check::Invalid),
        ("ipv6", "2400:c401::5054:ff:fe1b:b031", Check::Unsure),
        ("ipv6", "2001:db8::1", Check::Specimen),
        ("ipv6", "2001::25de::cade", Check::Invalid),
        ("mac-address", "00:1A:2B:3C:4D:5E", Check::Unsure),
        ("mac-address", "10:2F:33-AC-29-C3", Check::Invalid),
        ("phone-nanp", "(415) 867-5309", Check::Unsure),
        ("phone-nanp", "(415) 555-0132", Check::Specimen),
        ("phone-nanp", "(115) 867-5309", Check::Invalid),
        ("phone-intl", "+49 30 901820", Check::Unsure),
        ("phone-intl", "+999 30 901820", Check::Invalid),
        ("coordinates", "52.5200, 13.4050", Check::Unsure),
        ("coordinates", "152.5200, 13.4050", Check::Invalid),
        ("random-value", "api_key = \"8f14e45fceea167a5a36dedd4bea2543\"", Check::Unsure),
        ("random-value", "api_key = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", Check::Invalid),
        ("random-value", "api_key = \"12345678901234567890\"", Check::Invalid),
        ("aws-access-key", "AKIAIOSFODNN7EXAMPLE", Check::Specimen),
        ("aws-access-key", "AKIAXXXXXXXXXXXXXXXX", Check::Invalid),
    ];
    for (name, text, expected) in cases {
        assert_eq!(find(name).unwrap()(text), expected, "{name} {text}");
    }
}

#[test]
fn a_check_digit_catches_most_slips() {
    // A scheme with one check digit lets at most one in four single slips pass, and most none.
    for (name, good, _) in CASES {
        let validator = find(name).unwrap();
        let slips = good.iter().flat_map(|text| slips(text)).collect::<Vec<_>>();
        let passed = slips.iter().filter(|text| validator(text) == Check::Valid).count();
        assert!(passed * 4 <= slips.len(), "{name}: {passed} of {} slips pass", slips.len());
    }
    assert!(names().count() > CASES.len());
}

/// The text with each digit, one at a time, one higher.
fn slips(text: &str) -> Vec<String> {
    let digits = text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit());
    let slip = |(place, byte): (usize, u8)| {
        let mut other = text.as_bytes().to_vec();
        other[place] = if byte == b'9' { b'0' } else { byte + 1 };
        String::from_utf8(other).unwrap()
    };
    digits.map(slip).collect()
}

#[test]
fn every_validator_has_a_name_of_its_own_and_is_found_by_it() {
    let mut seen = std::collections::HashSet::new();
    for name in names() {
        assert!(seen.insert(name), "`{name}` stands twice");
        assert!(find(name).is_some());
    }
    assert!(seen.len() >= 100, "{}", seen.len());
    assert!(find("no-such").is_none());
}

#[test]
fn no_validator_trips_over_odd_text() {
    let odd = [
        "",
        " ",
        "\u{0}",
        "é",
        "１２３４",
        "0",
        "-",
        "..",
        "A",
        "Z9",
        "eyJ",
        "::",
        "@",
        "\u{10ffff}-1",
        "999999999999999999999999999999",
    ];
    let long = "9".repeat(5000);
    let wide = "ß€漢字".repeat(100);
    for name in names() {
        let validator = find(name).unwrap();
        for text in odd.iter().copied().chain([long.as_str(), wide.as_str()]) {
            let _ = validator(text);
        }
        for length in 1..48 {
            for byte in ["0", "1", "9", "A", "z", "é"] {
                let _ = validator(&byte.repeat(length));
            }
        }
    }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("ar-cuit", ["20162187180", "20953049393"], ["60162187180", "20162187186"]),
    ("at-svnr", ["3680261063", "4068300796"], ["1680261063", "3680261064"]),
    ("at-vat", ["U23774128", "U32191197"], ["U13774128", "U23774126"]),
    ("au-abn", ["41403039409", "86423869550"], ["81403039409", "41403039408"]),
    ("au-acn", ["664398118", "598108662"], ["364398118", "664398110"]),
    ("au-tfn", ["115571401", "470434217"], ["715571401", "115571403"]),
    ("be-enterprise", ["0535213435", "0557459097"], ["5535213435", "0535213431"]),
    ("be-rrn", ["98062694683", "65022874981"], ["98062634683", "98062694682"]),
    ("bg-egn", ["5206304795", "8206181124"], ["0206304795", "5206304790"]),
    ("br-cnpj", ["49485434000118", "67097564000165"], ["39485434000118", "49485434000111"]),
    ("br-cpf", ["71497673623", "52015803947"], ["01497673623", "71497673625"]),
    ("ca-sin", ["401467386", "518588785"], ["701467386", "401467385"]),
    ("ch-ahv", ["7567194564761", "7566713443686"], ["3567194564761", "7567194564760"]),
    ("ch-uid", ["CHE410723208", "CHE527172903"], ["CHE510723208", "CHE410723203"]),
    ("cl-rut", ["602612481", "434625211"], ["002612481", "602612482"]),
    ("cn-resident-id", ["110101197710282305", "110101197203121080"], ["810101197710282305", "110101197710282300"]),
    ("cn-uscc", ["913392959368867713", "913361182261477469"], ["413392959368867713", "913392959368867717"]),
    ("co-nit", ["8397886850", "6274768375"], ["3397886850", "8397886857"]),
    ("cz-rc", ["8610012202", "8202015052"], ["8610012203", "8202015053"]),
    ("de-steuer-id", ["97041569232", "47062965185"], ["67041569232", "97041569235"]),
    ("de-vat", ["437357973", "585523469"], ["537357973", "437357977"]),
    ("dk-cvr", ["94138469", "38778110"], ["54138469", "94138461"]),
    ("do-cedula", ["40231054152", "47115613888"], ["00231054152", "40231054154"]),
    ("ec-cedula", ["1725832578", "1719672634"], ["4725832578", "1725832573"]),
    ("ee-isikukood", ["46105213969", "36408094139"], ["16105213969", "46105213960"]),
    ("es-cif", ["B96494448", "A43959618"], ["B26494448", "B96494449"]),
    ("es-nie", ["X1038875B", "X7101435R"], ["X2038875B", "X1038870B"]),
    ("es-nif", ["69537794P", "62932572H"], ["29537794P", "69537791P"]),
    ("fi-hetu", ["140452-628X", "150785-815J"], ["040452-628X", "140452-627X"]),
    ("fi-ytunnus", ["46812733", "85950194"], ["56812733", "46812735"]),
    ("fr-nir", ["194067596066930", "155027570327686"], ["794067596066930", "194067596066939"]),
    ("fr-siren", ["148742828", "585279318"], ["348742828", "148742827"]),
    ("fr-vat", ["40600272934", "54437455561"], ["50600272934", "40600272938"]),
    ("gr-afm", ["878319477", "791741538"], ["678319477", "878319472"]),
    ("gr-amka", ["05117371384", "23099384986"], ["55117371384", "05117371380"]),
    ("hr-oib", ["72291092820", "68678676816"], ["92291092820", "72291092823"]),
    ("ie-pps", ["5483246B", "4512014B"], ["6483246B", "5483241B"]),
    ("il-id", ["506791409", "414873075"], ["006791409", "506791401"]),
    ("imei", ["584988438358772", "901627106339161"], ["184988438358772", "584988438358775"]),
    ("in-aadhaar", ["956572910435", "660441502396"], ["556572910435", "956572910437"]),
    ("is-kennitala", ["1102665459", "2409857219"], ["1102664459", "1102665451"]),
    ("it-piva", ["03882320157", "07478570158"], ["23882320157", "03882320151"]),
    ("jp-corporate", ["1539045182482", "9784047801644"], ["9539045182482", "1539045182487"]),
    ("jp-my-number", ["121018459754", "870668780657"], ["421018459754", "121018459755"]),
    ("kr-rrn", ["9501041054547", "7102011018751"], ["6501041054547", "9501041054541"]),
    ("lv-pk", ["16087019210", "23129712280"], ["76087019210", "16087019211"]),
    ("mx-curp", ["BOXW660301HMCXXN07", "BOXW781028HMCXXN05"], ["BOXW360301HMCXXN07", "BOXW660301HMCXXN00"]),
    ("mx-rfc", ["GODE761103253", "GODE870106679"], ["GODE461103253", "GODE761103252"]),
    ("nl-bsn", ["655425056", "306893800"], ["255425056", "655425058"]),
    ("nl-btw", ["573548572B01", "466220601B01"], ["773548572B01", "573548575B01"]),
    ("no-fnr", ["30039322117", "06078107241"], ["90039322117", "30039322114"]),
    ("no-orgnr", ["943349908", "815483863"], ["043349908", "943349905"]),
    ("nz-ird", ["145601401", "131501480"], ["745601401", "145601404"]),
    ("pe-ruc", ["20849842511", "20274580021"], ["70849842511", "20849842514"]),
    ("pl-nip", ["7131528248", "9227738081"], ["4131528248", "7131528242"]),
    ("pl-pesel", ["59092519644", "98121249839"], ["99092519644", "59092519641"]),
    ("pl-regon", ["741728759", "157235678"], ["241728759", "741728754"]),
    ("pt-nif", ["880034211", "977787630"], ["580034211", "880034216"]),
    ("ro-cnp", ["1550208409711", "1730924403499"], ["0550208409711", "1550208409719"]),
    ("ru-inn", ["4214955333", "6552146793"], ["9214955333", "4214955331"]),
    ("se-orgnr", ["5575926562", "5595350991"], ["1575926562", "5575926561"]),
    ("se-personnummer", ["600424-9220", "871130-3597"], ["700424-9220", "600424-9224"]),
    ("sg-uen", ["88270845K", "84965123M"], ["18270845K", "88270846K"]),
    ("th-tnin", ["1106016385899", "1105778797777"], ["5106016385899", "1106016385897"]),
    ("tr-tckn", ["27718135756", "35424831718"], ["47718135756", "27718135753"]),
    ("tr-vkn", ["2639414130", "8773047857"], ["7639414130", "2639414131"]),
    ("ua-rnokpp", ["7781608179", "2279277550"], ["0781608179", "7781608175"]),
    ("uk-nhs", ["6260181590", "7859952890"], ["5260181590", "6260181599"]),
    ("uk-utr", ["5261068917", "7926499167"], ["4261068917", "5261068913"]),
    ("uk-vat", ["310883824", "720398496"], ["810883824", "310883829"]),
    ("za-id", ["5206193463088", "6401114787082"], ["8206193463088", "5206193463081"]),
    ("us-npi", ["1234567893", "1245319599"], ["1234567890", "1245319598"]),
    ("us-dea", ["BB1388568", "GL0285191"], ["BB1388567", "GL0285192"]),
    ("de-rvnr", ["65070803A019", "15070649C103"], ["65070803A012", "15070649C100"]),
    ("de-kvnr", ["A123456780", "M123456785"], ["A123456781", "1123456780"]),
    ("de-lanr", ["123456601", "987654401"], ["234567601", "100000401"]),
    ("hk-id", ["A123456(3)", "G123456(A)"], ["A123456(4)", "G123456(9)"]),
    ("tw-id", ["A123456789", "F131104093"], ["A123456788", "F131104094"]),
    ("au-medicare", ["2123 45670 1", "2123456701"], ["2123 25870 1", "2123258701"]),
    ("sg-uen", ["53125226D", "201434292D"], ["53125226E", "201434292E"]),
    ("fr-siren", ["732829320", "73282932000074"], ["732829321", "73282932000075"]),
    ("es-nss", ["281234567840", "281234567840"], ["281234567841", "080000000068"]),
    ("kr-brn", ["104-86-56659", "1048656659"], ["104-86-56658", "123-45-67890"]),
    ("ru-snils", ["112-233-445 95", "087-654-303 00"], ["112-233-445 96", "087-654-303 01"]),
    ("rs-jmbg", ["0101006500006", "0101006500006"], ["0101006500007", "3101306500006"]),
    ("ir-melli", ["1234567891", "0067749828"], ["1234567890", "1111111111"]),
    ("imei", ["490154203237518", "352099001761481"], ["490154203237519", "352099001761482"]),
    ("iccid", ["8944500102198304826", "89014103211118510720"], ["8944500102198304827", "89014103211118510721"]),
    ("vin", ["1M8GDM9AXKP042788", "5GZCZ43D13S812715"], ["1M8GDM9AXKP04278O", "OOOOOOOOOOOOOOOOO"]),
    ("nz-nhi", ["ZZZ0016", "ZZZ0024"], ["ZZZ0017", "ZZZ0025"]),
    ("hu-taj", ["123456788", "111111110"], ["123456789", "111111111"]),
    ("pl-id-card", ["ABA300000", "ABA300000"], ["ABA300001", "ABA400000"]),
    ("pe-ruc", ["20131312955", "20100047218"], ["20131312954", "20100047217"]),
];
