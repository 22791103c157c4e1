//! Bodies as a chat sends them: many messages, nothing that must stay local, and as much new text in each request as is wanted.

use bytes::Bytes;
use serde_json::{Value, json};

/// The model that the bodies ask for, by its name in the catalogue; its provider knows it by another id.
pub const ASKED: &str = "gpt";

/// How much of a request was never sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// Every message.
    New,
    /// The last message: all before it is the history that a chat sends again with each turn.
    NewTurn,
}

/// A conversation, of which any number of different requests can be made at the cost of a copy.
#[derive(Clone, Debug)]
pub struct Conversation {
    body: Vec<u8>,
    /// Where in the body each message's mark stands.
    marks: Vec<usize>,
}

/// A mark is a word that is found nowhere else, at the beginning of a message.
const MARK: usize = 12;

// === impl Conversation ===

impl Conversation {
    /// A conversation whose body has about this many bytes, with [`ASKED`].
    pub fn of(size: usize) -> Self {
        Self::with_model(size, ASKED, false)
    }

    /// A conversation with some model, which answers whole or in a stream.
    pub fn with_model(size: usize, model: &str, stream: bool) -> Self {
        let mut random = Random(size as u64 + 1);
        let (mut messages, mut length) = (Vec::new(), 0);
        while length < size {
            let role = match messages.len() {
                0 => "system",
                number if number % 2 == 1 => "user",
                _ => "assistant",
            };
            // Questions are short and answers are long, but a small body must have several messages, too.
            let wanted = if role == "assistant" { 300 + random.below(1500) } else { 80 + random.below(500) };
            let content = format!("{PLACE} {}", prose(&mut random, wanted.min(size / 4)));
            length += content.len() + r#"{"role":"assistant","content":""},"#.len();
            messages.push(json!({"role": role, "content": content}));
        }
        let body = json!({"model": model, "messages": messages, "temperature": 0.7, "stream": stream}).to_string();
        let marks = body.match_indices(PLACE).map(|(place, _)| place).collect();
        Self { body: body.into_bytes(), marks }
    }

    /// The length of each of its requests in bytes.
    pub fn length(&self) -> usize {
        self.body.len()
    }

    /// The request of this number. Requests of different numbers have no new message in common.
    pub fn request(&self, number: u64, text: Text) -> Bytes {
        let mut body = self.body.clone();
        let (mark, old) = (mark(number), mark(0));
        let last = self.marks.len().saturating_sub(1);
        for (message, place) in self.marks.iter().enumerate() {
            let word = if text == Text::New || message == last { &mark } else { &old };
            if let Some(room) = body.get_mut(*place..place + MARK) {
                room.copy_from_slice(word);
            }
        }
        body.into()
    }

    /// The number of a request, told from what came of it.
    pub fn number(body: &Value) -> Option<u64> {
        let content = &body["messages"].as_array()?.last()?["content"];
        // Anthropic's format has parts.
        let text = content.as_str().or_else(|| content[0]["text"].as_str())?;
        number(text.as_bytes().get(..MARK)?)
    }

    /// The same conversation with this text put into the middle of a message in its midst.
    pub fn with(&self, text: &str) -> Bytes {
        let mut body: Value = serde_json::from_slice(&self.request(0, Text::New)).unwrap_or_default();
        let messages = body["messages"].as_array().map_or(0, Vec::len);
        let content = &mut body["messages"][messages / 2]["content"];
        let said = content.as_str().unwrap_or_default().to_owned();
        let (before, after) = said.split_at(said.floor_char_boundary(said.len() / 2));
        *content = json!(format!("{before} {text} {after}"));
        body.to_string().into()
    }
}

/// Stands where a mark will be.
const PLACE: &str = "????????????";

const CONSONANTS: &[u8; 16] = b"bcdfghjklmnprstv";
const VOWELS: &[u8; 4] = b"aeio";

/// The mark of a number: syllables, so that it looks like a word and not like a key.
fn mark(number: u64) -> [u8; MARK] {
    let mut mark = [0; MARK];
    for (syllable, letters) in mark.chunks_mut(2).enumerate() {
        let digit = (number >> (6 * syllable)) as usize % 64;
        letters.copy_from_slice(&[CONSONANTS[digit / 4], VOWELS[digit % 4]]);
    }
    mark
}

fn number(mark: &[u8]) -> Option<u64> {
    let mut number = 0;
    for (syllable, letters) in mark.chunks(2).enumerate() {
        let consonant = CONSONANTS.iter().position(|letter| Some(letter) == letters.first())?;
        let vowel = VOWELS.iter().position(|letter| Some(letter) == letters.get(1))?;
        number |= ((consonant * 4 + vowel) as u64) << (6 * syllable);
    }
    Some(number)
}

fn prose(random: &mut Random, length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(SENTENCES[random.below(SENTENCES.len())]);
        text.push_str(if random.below(6) == 0 { "\n\n" } else { " " });
    }
    text
}

/// Numbers that are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }
}

/// What people and models say to each other: prose, code, numbers, and some characters that are not ASCII.
const SENTENCES: [&str; 40] = [
    "Could you look at why the nightly build takes twice as long since last week?",
    "I think the cache is missed because the lock file changes with every run.",
    "Please explain the difference between a semaphore and a mutex as you would to a beginner.",
    "A mutex has an owner; a semaphore counts, and anyone may raise it.",
    "Here is a first draft — it’s longer than I’d like, but it says what has to be said.",
    "The café on the corner opens at 7:30, which leaves enough time before the train.",
    "fn main() {\n    for line in std::io::stdin().lines() {\n        println!(\"{}\", line.unwrap());\n    }\n}",
    "def mean(values):\n    return sum(values) / len(values) if values else 0.0",
    "SELECT name, COUNT(*) FROM orders WHERE placed_at > '2024-03-01' GROUP BY name ORDER BY 2 DESC;",
    "In the third quarter revenue rose by 12.4 % to 3,180 units, while costs stayed where they were.",
    "| step | before | after |\n|------|--------|-------|\n| parse | 14 ms | 9 ms |\n| write | 31 ms | 30 ms |",
    "Summarise the attached minutes in five bullet points and keep the tone friendly.",
    "First, boil the water; then add the pasta and stir it once, so that it does not stick.",
    "The function returns early when the list is empty, which the test on line 42 does not cover.",
    "Would it be better to split this into two pull requests, one for the move and one for the change?",
    "Yes: a reviewer sees at once that a move changes nothing, and can then read the change alone.",
    "Translate the following sentence into French, and say which words have no exact counterpart.",
    "« Il fait beau aujourd’hui » would be the usual way to say it.",
    "The error says `connection reset by peer`, which means that the other side closed it first.",
    "Try `curl -v http://localhost:8080/health` and compare what it prints with the log of the server.",
    "Our team meets on Tuesdays at ten; the agenda is in the shared folder under `planning/2025`.",
    "A good title tells the reader what is in it for them, not what the author went through.",
    "Water expands when it freezes, so a full bottle in the freezer is a bad idea.",
    "{\"retries\": 3, \"backoff\": \"exponential\", \"timeout_seconds\": 30, \"verbose\": false}",
    "We compared four designs and kept the second, because it has the fewest moving parts.",
    "The museum has two floors: paintings below, and above them drawings, prints and photographs.",
    "Let me think about that step by step before I answer.",
    "If x is even then x squared is even, since (2k)^2 = 2(2k^2); the converse follows by contraposition.",
    "That’s a fair point, and it changes what I would recommend.",
    "The old library was written for version 1.8 and does not compile with anything newer than 2.0.",
    "Dear all, thank you for coming on such short notice; the notes are below.",
    "It rained for most of the afternoon, but nobody seemed to mind.",
    "for (const item of items) {\n  if (!seen.has(item.id)) {\n    seen.add(item.id);\n    out.push(item);\n  }\n}",
    "Use a hash map if you look things up by name, and a vector if you walk through all of them.",
    "On average a request took 38 milliseconds, and one in a hundred took longer than 210.",
    "Please rewrite the paragraph so that a twelve-year-old can follow it.",
    "The orchestra tuned for a while; then the lights went down and everybody was quiet.",
    "There are three options, and each has a price: speed, memory, or the time it takes to build.",
    "日本語の文も時々入ります。全角文字は別の経路で読まれます。",
    "Finally, check that the migration can be undone before you run it on anything that matters.",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Engine as _;
    use crate::engine::Native;
    use policy::case::Sent;

    #[test]
    fn every_number_makes_another_request_of_the_same_length() {
        for size in [1024, 65536] {
            let conversation = Conversation::of(size);
            assert!(conversation.marks.len() > 3, "{} messages", conversation.marks.len());
            let [one, other] = [7, 1 << 30].map(|number| conversation.request(number, Text::New));
            assert_eq!((one.len(), other.len()), (conversation.length(), conversation.length()));
            let [one, other]: [Value; 2] = [one, other].map(|body| serde_json::from_slice(&body).unwrap());
            let messages = |body: &Value| body["messages"].as_array().unwrap().clone();
            assert!(messages(&one).iter().zip(&messages(&other)).all(|(one, other)| one != other));
            assert_eq!((Conversation::number(&one), Conversation::number(&other)), (Some(7), Some(1 << 30)));
            let turn: Value = serde_json::from_slice(&conversation.request(7, Text::NewTurn)).unwrap();
            let again: Value = serde_json::from_slice(&conversation.request(8, Text::NewTurn)).unwrap();
            let same = messages(&turn).iter().zip(&messages(&again)).filter(|(one, other)| one == other).count();
            assert_eq!(same, messages(&turn).len() - 1);
        }
    }

    #[test]
    fn a_conversation_may_go_to_the_cloud_until_something_is_put_into_it() {
        let policy = super::super::policy().unwrap();
        let mut core = Native::new(&policy).unwrap();
        let mut level = |body: Bytes| {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            let (method, path) = ("POST".into(), "/v1/chat/completions".into());
            let sent = Sent { method, path, headers, chunks: vec![body.to_vec()], trailers: vec![] };
            core.decide(&sent).unwrap().record["level"].as_str().unwrap_or_default().to_owned()
        };
        for size in super::super::SIZES {
            let conversation = Conversation::of(size);
            assert!(conversation.length().abs_diff(size) < size / 2 + 200, "{size}: {}", conversation.length());
            for number in [0, 1, 1000, 123_456_789] {
                // There is code in it, which the default policy calls internal.
                let level = level(conversation.request(number, Text::New));
                assert!(["public", "internal"].contains(&level.as_str()), "{size}, {number}: {level}");
            }
            assert_eq!(level(conversation.with("What about Bluebird?")), "restricted");
        }
    }
}
