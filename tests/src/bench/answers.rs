//! What the provider answers, in OpenAI's format and in Anthropic's, whole and as a stream.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde_json::{Value, json};

/// What it says to every request.
pub const TEXT: &str = "The committee met on Tuesday and agreed to postpone the decision until the figures were in.";

/// How many events a stream in OpenAI's format has, its last line included.
pub const EVENTS: usize = 52;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenAI's Chat Completions.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
}

// === impl Format ===

impl Format {
    /// The format that is spoken at a path.
    pub fn at(path: &str) -> Self {
        if path.ends_with("/messages") { Self::Anthropic } else { Self::OpenAi }
    }

    /// A whole answer.
    pub fn whole(self) -> Bytes {
        match self {
            Self::OpenAi => json!({
                "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-4o",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 900, "completion_tokens": 18, "total_tokens": 918},
            }),
            Self::Anthropic => json!({
                "id": "msg_bench", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
                "content": [{"type": "text", "text": TEXT}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 900, "output_tokens": 18},
            }),
        }
        .to_string()
        .into()
    }

    /// The events of a stream.
    pub fn stream(self) -> Vec<Bytes> {
        match self {
            Self::OpenAi => openai_stream(),
            Self::Anthropic => anthropic_stream(),
        }
    }
}

fn openai_stream() -> Vec<Bytes> {
    let chunk = |delta: Value, finish: Value| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        let chunk = json!({"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4o", "choices": choices});
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(pieces(EVENTS - 3).map(|piece| chunk(json!({"content": piece}), Value::Null)));
    events.push(chunk(json!({}), json!("stop")));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn anthropic_stream() -> Vec<Bytes> {
    let event =
        |data: Value| Bytes::from(format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()));
    let message = json!({"id": "msg_bench", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [], "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 900, "output_tokens": 1}});
    let mut events = vec![
        event(json!({"type": "message_start", "message": message})),
        event(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
    ];
    let delta = |piece| {
        event(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}))
    };
    events.extend(pieces(EVENTS - 5).map(delta));
    events.push(event(json!({"type": "content_block_stop", "index": 0})));
    let end = json!({"stop_reason": "end_turn", "stop_sequence": null});
    events.push(event(json!({"type": "message_delta", "delta": end, "usage": {"output_tokens": 18}})));
    events.push(event(json!({"type": "message_stop"})));
    events
}

/// The text in so many pieces, none of them empty.
fn pieces(count: usize) -> impl Iterator<Item = &'static str> {
    (0..count).filter_map(move |at| TEXT.get(TEXT.len() * at / count..TEXT.len() * (at + 1) / count))
}

/// Fails unless an answer to a client of OpenAI's says [`TEXT`].
pub fn check(answer: &[u8], stream: bool) -> Result<()> {
    let answer = str::from_utf8(answer)?;
    let text = if stream { streamed(answer)? } else { said(serde_json::from_str(answer)?, "message") };
    ensure!(text == TEXT, "not what the provider says: {answer}");
    Ok(())
}

fn streamed(answer: &str) -> Result<String> {
    let mut data: Vec<_> = answer.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    ensure!(data.pop() == Some("[DONE]"), "the stream broke off: {answer}");
    data.into_iter()
        .map(|chunk| Ok(said(serde_json::from_str(chunk).context("an event is no JSON")?, "delta")))
        .collect()
}

fn said(answer: Value, place: &str) -> String {
    answer["choices"][0][place]["content"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_says_the_same_in_as_many_events() {
        for format in [Format::OpenAi, Format::Anthropic] {
            assert_eq!(format.stream().len(), EVENTS, "{format:?}");
        }
        check(&Format::OpenAi.stream().concat(), true).unwrap();
        check(&Format::OpenAi.whole(), false).unwrap();
        check(&Format::Anthropic.whole(), false).unwrap_err();
        check(&Format::OpenAi.stream()[..20].concat(), true).unwrap_err();
    }
}
