//! No body with a secret in it ever reaches a provider that is not cleared for it: whatever the secret is wrapped in,
//! wherever it stands, however the body is coded and cut.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::rc::Rc;
use std::thread::LocalKey;

use policy::exchange::{Arrival, Engine, Exchange, Header, Secrets, Step};
use policy::policy::Policy;
use policy::splice::Splice;
use proptest::prelude::*;
use serde_json::{Value, json};

const POLICY: &str = r#"
apiVersion: policymesh.dev/v1
kind: Policy
metadata: {name: leak}
spec:
  sensitivity: {packs: [secrets]}
  providers:
    - {name: local, format: openai, cluster: local, zone: local, cleared: restricted, endpoint: "http://127.0.0.1:1"}
    - {name: cloud, format: openai, cluster: cloud, zone: cloud, cleared: internal}
  models:
    - {name: small, provider: local}
    - {name: large, provider: cloud}
  rules:
    - {name: everything goes to the cloud first, action: {route: {models: [large, small]}}}
"#;

/// The same, but secrets are replaced before anything goes to the cloud.
const REDACTING: &str = r#"
    - {name: secrets are redacted, match: {labels: {any: credential}}, action: {redact: {route: [large, small]}}}
"#;

/// What a secret is hidden in.
#[derive(Clone, Copy, Debug)]
enum Disguise {
    None,
    UnicodeEscapes,
    Base64,
    PercentEncoding,
    JsonInString,
    ZeroWidth,
    FullWidth,
    AfterLineBreak,
}

const DISGUISES: [Disguise; 8] = [
    Disguise::None,
    Disguise::UnicodeEscapes,
    Disguise::Base64,
    Disguise::PercentEncoding,
    Disguise::JsonInString,
    Disguise::ZeroWidth,
    Disguise::FullWidth,
    Disguise::AfterLineBreak,
];

/// Where in a request a secret stands.
#[derive(Clone, Copy, Debug)]
enum Site {
    User,
    System,
    ToolResult,
    ToolArguments,
    Key,
    UnknownBlock,
    Metadata,
    TwoParts,
}

const SITES: [Site; 8] = [
    Site::User,
    Site::System,
    Site::ToolResult,
    Site::ToolArguments,
    Site::Key,
    Site::UnknownBlock,
    Site::Metadata,
    Site::TwoParts,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_secret_never_reaches_a_provider_that_is_not_cleared_for_it(
        secret in secret(),
        disguise in prop::sample::select(&DISGUISES),
        site in prop::sample::select(&SITES),
        coding in prop::sample::select(&["", "gzip", "deflate", "br", "zstd"]),
        padding in 0_usize..200_000,
        chunk in 1_usize..70_000,
    ) {
        let body = body(&secret, disguise, site, padding);
        let step = decide(&encode(&body, coding), coding, chunk);
        let leaked = match &step {
            Step::Forward(forward) => forward.plan.attempts.iter().any(|attempt| attempt.cluster != "local"),
            Step::Refuse(_) | Step::Answer(_) => false,
            Step::Hold | Step::Reread => true,
        };
        prop_assert!(!leaked, "{:?} in {:?}, {:?}, got {:?}", secret, site, disguise, step);
    }

    #[test]
    fn what_goes_to_the_cloud_redacted_holds_no_secret(
        secret in secret(),
        disguise in prop::sample::select(&DISGUISES),
        site in prop::sample::select(&SITES),
        coding in prop::sample::select(&["", "gzip", "zstd"]),
        padding in 0_usize..100_000,
        chunk in 1_usize..70_000,
    ) {
        let body = body(&secret, disguise, site, padding);
        let step = decide_by(&REDACTING_ENGINE, &encode(&body, coding), coding, chunk);
        // In some disguises and places the body has a key twice.
        let Step::Forward(forward) = step else { return Ok(()) };
        let cloud = forward.plan.attempts.iter().find(|attempt| attempt.cluster == "cloud");
        let Some(attempt) = cloud else {
            // Only what has no place of its own keeps a request from the cloud.
            let plain = match site {
                Site::Key | Site::TwoParts => false,
                // In a string inside a string an escape is something encoded.
                Site::ToolArguments => matches!(disguise, Disguise::None),
                _ => matches!(disguise, Disguise::None | Disguise::UnicodeEscapes | Disguise::AfterLineBreak),
            };
            prop_assert!(!plain, "{:?} in {:?}", disguise, site);
            return Ok(());
        };
        if !attempt.redacted {
            // There is no secret in it: no rule keeps it from the cloud without placeholders, either.
            let Step::Forward(plain) = decide(&body, "", chunk) else { panic!("refused") };
            prop_assert_eq!(&plain.cluster, "cloud", "{:?} in {:?}", disguise, site);
            return Ok(());
        }
        let edits = forward.plan.body.map(|body| body.redaction).unwrap_or_default();
        let mut redacted = Vec::new();
        Splice::new(edits.into_iter().map(Into::into).collect()).feed(&body, &mut redacted);
        prop_assert!(serde_json::from_slice::<Value>(&redacted).is_ok());
        let again = decide(&redacted, "", chunk);
        let Step::Forward(again) = again else { panic!("{again:?}") };
        prop_assert_eq!(&again.cluster, "cloud", "{:?} in {:?}", disguise, site);
        prop_assert!(!redacted.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }

    #[test]
    fn a_body_without_a_secret_reaches_the_cloud(padding in 0_usize..200_000, chunk in 1_usize..70_000) {
        let body = body("nothing to see", Disguise::None, Site::User, padding);
        let Step::Forward(forward) = decide(&body, "", chunk) else { panic!("refused") };
        prop_assert_eq!(&forward.cluster, "cloud");
    }
}

/// A made-up credential of a kind that a scanner knows by its form.
fn secret() -> impl Strategy<Value = String> {
    // Three of the first four characters of the random part differ, so that none looks like a placeholder.
    let base_62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    prop_oneof![
        token("AKIA[A-D][E-H][I-L][2-7]", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 12),
        token("ghp_[a-f][G-L][0-9][m-r]", base_62, 32),
        token("xoxb-[1-9][0-9]{11}-[1-9][0-9]{11}-[a-f][G-L][0-9][m-r]", base_62, 20),
        token("sk_live_[a-f][G-L][0-9][m-r]", base_62, 20),
        token("glpat-[a-f][G-L][0-9][m-r]", base_62, 16),
    ]
}

/// What `head` describes, then so many characters of an alphabet, each as likely as any other, as their makers draw them:
/// a class in a pattern prefers its short ranges, so that digits crowd.
fn token(head: &'static str, alphabet: &'static str, length: usize) -> impl Strategy<Value = String> {
    let random = prop::collection::vec(prop::sample::select(alphabet.as_bytes()), length);
    (head, random).prop_map(|(head, random)| head + str::from_utf8(&random).unwrap())
}

fn body(secret: &str, disguise: Disguise, site: Site, padding: usize) -> Vec<u8> {
    // One character that no other text holds marks where the disguised secret goes, since some disguises are JSON syntax.
    const MARK: &str = "MARKMARK";
    let filler = "The quick brown fox jumps over the lazy dog. ".repeat(padding / 45);
    let user = |content: Value| json!({"role": "user", "content": content});
    let messages = match site {
        Site::User => json!([user(json!(format!("{filler}\nhere: {MARK} ok")))]),
        Site::System => json!([{"role": "system", "content": format!("{MARK} {filler}")}, user(json!("hi"))]),
        Site::ToolResult => json!([user(json!(filler)), {"role": "tool", "tool_call_id": "1", "content": MARK}]),
        Site::ToolArguments => {
            let arguments = json!({"command": "deploy", "with": MARK}).to_string();
            json!([user(json!(filler)), {"role": "assistant", "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "run", "arguments": arguments}}]}])
        }
        Site::Key => json!([{"role": "user", "content": filler, "extra": {MARK: true}}]),
        Site::UnknownBlock => json!([user(json!([{"type": "novel", "novelty": {"deep": [filler, MARK]}}]))]),
        Site::Metadata => json!([user(json!(filler))]),
        Site::TwoParts => json!([user(json!([{"type": "text", "text": format!("{filler} {MARK}")}]))]),
    };
    let mut request = json!({"model": "large", "messages": messages});
    if matches!(site, Site::Metadata) {
        request["metadata"] = json!({"note": MARK});
    }
    let text = request.to_string();
    let hidden = match site {
        // The seam lies inside the secret; other disguises of two halves are none that a model could undo.
        Site::TwoParts => {
            let (first, second) = secret.split_at(secret.len() / 2);
            format!(r#"{first}"}},{{"type":"text","text":"{second}"#)
        }
        // Inside a string inside a string an escape is escaped once more.
        Site::ToolArguments => hide(secret, disguise).replace('\\', r"\\").replace('"', "\\\""),
        _ => hide(secret, disguise),
    };
    text.replace(MARK, &hidden).into_bytes()
}

/// A secret in disguise, as it stands inside a JSON string.
fn hide(secret: &str, disguise: Disguise) -> String {
    match disguise {
        Disguise::None => secret.to_string(),
        Disguise::UnicodeEscapes => each(secret, |c, out| write!(out, "\\u{:04x}", c as u32)),
        Disguise::Base64 => base64(format!("the key is {secret} and no other").as_bytes()),
        Disguise::PercentEncoding => each(secret, |c, out| write!(out, "%{:02X}", c as u32)),
        Disguise::JsonInString => {
            let inner = json!({"a": {"b": format!("line\n{secret}")}}).to_string();
            let quoted = Value::from(inner).to_string();
            quoted.trim_matches('"').to_string()
        }
        Disguise::ZeroWidth => each(secret, |c, out| write!(out, "{c}\u{200B}")),
        Disguise::FullWidth => each(secret, |c, out| {
            write!(out, "{}", char::from_u32(c as u32 + 0xFEE0).expect("every visible ASCII character has a wide form"))
        }),
        Disguise::AfterLineBreak => format!("\\n{secret}\\n"),
    }
}

fn each(text: &str, write: impl Fn(char, &mut String) -> std::fmt::Result) -> String {
    let mut out = String::new();
    text.chars().for_each(|c| write(c, &mut out).unwrap());
    out
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |value: u32| char::from(ALPHABET[value as usize & 63]);
    let groups = bytes.chunks(3).map(|group| {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let digits: String = [18, 12, 6, 0].iter().map(|shift| digit(bits >> shift)).collect();
        format!("{}{}", &digits[..=group.len()], "=".repeat(3 - group.len()))
    });
    groups.collect()
}

fn encode(body: &[u8], coding: &str) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 1, 18);
            encoder.write_all(body).unwrap();
            encoder.into_inner()
        }
        "zstd" => ruzstd::encoding::compress_to_vec(body, ruzstd::encoding::CompressionLevel::Fastest),
        _ => body.to_vec(),
    }
}

thread_local! {
    static ENGINE: Rc<Engine> = engine(POLICY);
    static REDACTING_ENGINE: Rc<Engine> =
        engine(&POLICY.replace("  rules:\n", &format!("  rules:{REDACTING}")));
}

fn engine(policy: &str) -> Rc<Engine> {
    Rc::new(Engine::new(Policy::parse(policy.as_bytes()).unwrap().0, Secrets::default()))
}

fn decide(body: &[u8], coding: &str, chunk: usize) -> Step {
    decide_by(&ENGINE, body, coding, chunk)
}

fn decide_by(engine: &'static LocalKey<Rc<Engine>>, body: &[u8], coding: &str, chunk: usize) -> Step {
    let mut exchange = Exchange::new(engine.with(Rc::clone), Arrival { time: 0, sequence: 1 });
    let header = |name: &str, value: &str| -> Header { (name.to_string(), value.as_bytes().to_vec()) };
    let mut headers = vec![header(":method", "POST"), header(":path", "/v1/chat/completions")];
    if !coding.is_empty() {
        headers.push(header("content-encoding", coding));
    }
    let mut step = exchange.on_request_headers(&headers, &|_| None, false);
    for bytes in body.chunks(chunk) {
        if step != Step::Hold {
            return step;
        }
        step = exchange.on_request_body(bytes, false);
    }
    if step == Step::Hold {
        step = exchange.on_request_body(&[], true);
    }
    while step == Step::Reread {
        for bytes in body.chunks(chunk) {
            exchange.on_reread(bytes, false);
        }
        step = exchange.on_reread(&[], true);
    }
    step
}
