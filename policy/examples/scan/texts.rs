//! Texts to be scanned: what people send, and what somebody sends who wants the scan to take long.

/// Makes a text of so many bytes.
pub type Make = fn(usize) -> String;

/// What people send.
pub const ORDINARY: &[(&str, Make)] = &[
    ("clean chat", chat),
    ("chat with dashes and quotes", typographic),
    ("chat in Russian", russian),
    ("chat in Japanese", japanese),
    ("code", code),
    ("minified code", minified),
    ("json in a string", json),
    ("log", log),
    ("table of numbers", table),
    ("base64", base64),
];

/// What is aimed at the detectors: at their triggers, their context words, their patterns' first bytes.
pub const HOSTILE: &[(&str, Make)] = &[
    ("bare numbers", |size| fill(size, |random| format!("{} ", digits(random, 6, 19)))),
    ("grouped numbers", |size| fill(size, |random| format!("{}-{} ", digits(random, 2, 4), digits(random, 2, 9)))),
    ("single digits", |size| fill(size, |random| format!("{} ", random(10)))),
    ("one long number", |size| fill(size, |random| random(10).to_string())),
    ("numbers after context words", |size| {
        let words = ["passport", "account number", "id number", "national id", "nip", "tax id", "card", "patient id"];
        fill(size, |random| format!("{} {} ", words[random(words.len())], digits(random, 8, 13)))
    }),
    ("capitals and digits", |size| {
        fill(size, |random| format!("{}{} ", pick(random, CAPITALS, 2), digits(random, 5, 9)))
    }),
    ("triggers of secrets", |size| {
        let words = ["key=", "token: ", "secret ", "auth ", "password is ", "bearer ", "api_key ", "aws "];
        fill(size, |random| words[random(words.len())].to_owned())
    }),
    ("names without a value", |size| fill(size, |_| "aws heroku github okta twilio stripe ".to_owned())),
    ("names and almost a value", |size| fill(size, |random| format!("aws key = {}\n", pick(random, BASE64, 39)))),
    ("one literal again and again", |size| fill(size, |_| "://".to_owned())),
    ("mail signs", |size| fill(size, |_| "a@".to_owned())),
    ("source code again and again", |size| fill(size, |_| "\nimport ".to_owned())),
    ("escapes", |size| fill(size, |_| r"%41\u0041&#65;".to_owned())),
    ("short runs of base64", |size| fill(size, |random| format!("{} ", pick(random, BASE64, 20)))),
    ("full-width digits", |size| fill(size, |_| "１２３４５６ ".to_owned())),
];

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A stream of numbers, each below what is asked, that is the same in every run.
type Random<'a> = &'a mut dyn FnMut(usize) -> usize;

/// Repeats what is made until the text is that long.
fn fill(size: usize, mut next: impl FnMut(Random<'_>) -> String) -> String {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let mut text = String::new();
    while text.len() < size {
        text.push_str(&next(&mut random));
    }
    text.truncate(text.floor_char_boundary(size));
    text
}

fn pick(random: Random<'_>, from: &[u8], count: usize) -> String {
    (0..count).map(|_| char::from(from[random(from.len())])).collect()
}

fn digits(random: Random<'_>, least: usize, most: usize) -> String {
    let count = least + random(most - least + 1);
    pick(random, b"0123456789", count)
}

fn chat(size: usize) -> String {
    let words: Vec<&str> = "the of and to in that it is was for with as on be at by this had not are but from or have an they which one you were \
        all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new \
        some could these two may first then do any like my now over such our man me even most made after also did many off before must well back \
        through years much where your way down should because long each just state people those too world how please explain write summarise \
        difference between history function example story recipe travel learning question answer model language data paragraph email translate \
        important understanding development environment government information research education community experience"
        .split_whitespace()
        .collect();
    fill(size, |random| {
        let end = match random(14) {
            0 => ". ",
            1 => ", ",
            2 if random(8) == 0 => ".\n\n",
            _ => " ",
        };
        if random(60) == 0 {
            format!("{}{end}", 1 + random(2030))
        } else {
            format!("{}{end}", words[random(words.len())])
        }
    })
}

fn typographic(size: usize) -> String {
    let text = chat(size)
        .replace(" that ", " \u{2014} ")
        .replace(" had ", " \u{201c}had\u{201d} ")
        .replace(" is ", "\u{2019}s ");
    fill(size, |_| text.clone())
}

fn russian(size: usize) -> String {
    let words = "и в не на я быть он с что а по это она этот к но они мы весь который из у за свой вы как от один год о для так себя \
        только еще день наш слово дело время человек объясни переведи напиши пожалуйста вопрос ответ модель язык данные"
        .split_whitespace()
        .collect::<Vec<_>>();
    fill(size, |random| format!("{} ", words[random(words.len())]))
}

fn japanese(size: usize) -> String {
    let words = [
        "これは",
        "説明して",
        "ください",
        "言語",
        "モデル",
        "質問に",
        "答える",
        "、",
        "。",
        "歴史を",
        "書いて",
        "例えば",
    ];
    fill(size, |random| words[random(words.len())].to_owned())
}

fn code(size: usize) -> String {
    let names = ["value", "index", "request", "handler", "config", "items", "result", "count", "buffer", "options"];
    fill(size, |random| {
        let (a, b, n) = (names[random(names.len())], names[random(names.len())], random(4096));
        match random(5) {
            0 => format!("    let {a} = self.{b}.get({n}).unwrap_or_default();\n"),
            1 => format!("fn {a}_{b}(&mut self, {b}: &str) -> Result<u32, Error> {{\n"),
            2 => format!("    if {a}.len() > {n} {{ return Err(\"{b} too long\"); }}\n"),
            3 => format!("    // The {a} of a {b} is kept until it is read.\n}}\n\n"),
            _ => format!("    {a}.push(0x{n:04x}, &{b}[{n}..]);\n"),
        }
    })
}

fn minified(size: usize) -> String {
    let name = |random: Random<'_>| pick(random, b"abcdefghijklmnopqrstuvwxyzABCDEFGH", 1);
    fill(size, |random| {
        let (a, b, c, n) = (name(random), name(random), name(random), random(1000));
        match random(4) {
            0 => format!("function {a}{b}({c},{a}){{return {c}.{b}?{a}[{n}]:void 0}}"),
            1 => format!("var {a}={b}({n}),{c}=0x{n:x};for(;{c}<{n};)e.push({a}[{c}++]);"),
            2 => format!("{a}.prototype.{b}={c}=>{{if(!{c})throw new Error(\"{n}\")}};"),
            _ => format!("exports.{a}={b}.{c}({n}.{n},[{n},{n}]);"),
        }
    })
}

fn json(size: usize) -> String {
    let fields = ["name", "type", "title", "path", "status", "description"];
    fill(size, |random| {
        let (field, other, n) = (fields[random(fields.len())], fields[random(fields.len())], random(100_000));
        format!(
            "{{\\\"id\\\":{n},\\\"{field}\\\":\\\"the {other} of item\\\\n{n}\\\",\\\"{other}_count\\\":{}}},",
            n % 97
        )
    })
}

fn log(size: usize) -> String {
    let levels = ["INFO", "WARN", "DEBUG", "ERROR"];
    let (mut line, sources) = (0, ["http.server", "db.pool", "worker", "cache"]);
    fill(size, |random| {
        line += 1;
        let (level, source) = (levels[random(levels.len())], sources[random(sources.len())]);
        let id = pick(random, b"0123456789abcdef", 8);
        format!(
            "2025-03-{:02}T{:02}:{:02}:{:02}.{:03}Z {level} [{source}] request {id}-{}-4{}-a{}-{} took {}ms from 10.{}.{}.{}\n",
            1 + random(28),
            random(24),
            random(60),
            random(60),
            random(1000),
            pick(random, b"0123456789abcdef", 4),
            pick(random, b"0123456789abcdef", 3),
            pick(random, b"0123456789abcdef", 3),
            pick(random, b"0123456789abcdef", 12),
            random(5000),
            random(256),
            random(256),
            random(256)
        )
    })
}

fn table(size: usize) -> String {
    fill(size, |random| {
        format!(
            "{},{}.{:02},{:04}-{:02}-{:02}\n",
            100_000 + random(900_000_000),
            random(10_000),
            random(100),
            1990 + random(40),
            1 + random(12),
            1 + random(28)
        )
    })
}

fn base64(size: usize) -> String {
    fill(size, |random| pick(random, BASE64, 1))
}
