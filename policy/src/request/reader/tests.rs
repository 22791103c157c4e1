//! Bodies of every API, and what is read from them.

use super::*;
use crate::document::{Scanner, Sink};

/// Notes what is text beside what is asked.
struct Noted {
    reader: Reader,
    text: Vec<String>,
}

impl Sink for Noted {
    fn begin(&mut self, container: Container, place: Place<'_>) {
        self.reader.begin(container, place);
    }

    fn end(&mut self, container: Container, end: u64) {
        self.reader.end(container, end);
    }

    fn literal(&mut self, literal: Literal, place: Place<'_>) {
        self.reader.literal(literal, place);
    }

    fn block(&mut self, block: &Block<'_>) {
        self.reader.block(block);
        if self.reader.is_text() {
            self.text.push(String::from_utf8_lossy(block.raw).into_owned());
        }
    }
}

fn note(api: Api, body: &str) -> (Asked, Vec<String>) {
    let mut noted = Noted { reader: Reader::new(api), text: Vec::new() };
    let mut scanner = Scanner::new();
    scanner.feed(body.as_bytes(), &mut noted).expect(body);
    scanner.finish(&mut noted).expect(body);
    (noted.reader.finish(), noted.text)
}

fn opaque(api: Api, body: &str) -> Vec<&'static str> {
    note(api, body).0.opaque.into_iter().map(Opaque::name).collect()
}

fn needs(api: Api, body: &str) -> Vec<&'static str> {
    note(api, body).0.needs.into_iter().map(Capability::name).collect()
}

#[test]
fn usage_is_asked_for_only_in_streams_that_do_not_ask() {
    for (body, expected) in [
        (r#" { "stream":true}"#, Some(r#" {"stream_options":{"include_usage":true}, "stream":true}"#)),
        (
            r#"{"stream":true,"stream_options":null}"#,
            Some(r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
        ),
        (
            r#"{"stream_options": {"include_usage":false,"x":[1]},"stream":true,"n":1}"#,
            Some(r#"{"stream_options": {"include_usage":true,"x":[1]},"stream":true,"n":1}"#),
        ),
        (
            r#"{"stream":true,"stream_options":{"x":null,"include_usage": null }}"#,
            Some(r#"{"stream":true,"stream_options":{"x":null,"include_usage": true }}"#),
        ),
        (
            r#"{"stream":true,"stream_options":{ "x":{"include_usage":true}}}"#,
            Some(r#"{"stream":true,"stream_options":{"include_usage":true, "x":{"include_usage":true}}}"#),
        ),
        (r#"{"stream":true,"stream_options":{}}"#, Some(r#"{"stream":true,"stream_options":{"include_usage":true}}"#)),
        (r#"{"stream":true,"stream_options":{"include_usage":true}}"#, None),
        (r#"{"stream":true,"stream_options":{"include_usage":"no"}}"#, None),
        (r#"{"stream":true,"stream_options":7}"#, None),
        (r#"{"stream":true,"stream_options":[{"include_usage":false}]}"#, None),
        (r#"{"stream":false}"#, None),
        (r#"{}"#, None),
        (r#"[{"stream":true}]"#, None),
    ] {
        let edited = note(Api::Chat, body).0.ask_usage.map(|edit| {
            let mut edited = body.to_owned();
            edited.replace_range(edit.from..edit.to, &edit.with);
            edited
        });
        assert_eq!(edited.as_deref(), expected, "{body}");
    }
}

#[test]
fn thoughts_that_nobody_signed_are_seen() {
    let body = |part: &str| format!(r#"{{"messages":[{{"role":"assistant","content":[{part}]}}]}}"#);
    for (api, part, expected) in [
        (Api::Messages, r#"{"type":"thinking","thinking":"x","signature":""}"#, true),
        (Api::Messages, r#"{"signature" : "", "type":"thinking","thinking":"x"}"#, true),
        (Api::Messages, r#"{"type":"thinking","thinking":"x","signature":"c2lnbmVk"}"#, false),
        (Api::Messages, r#"{"type":"tool_use","id":"a","name":"sign","input":{"signature":""}}"#, false),
        (Api::Chat, r#"{"type":"thinking","thinking":"x","signature":""}"#, false),
    ] {
        assert_eq!(note(api, &body(part)).0.unsigned, expected, "{api:?}: {part}");
    }
}

#[test]
fn the_model_is_read_with_its_place() {
    for (body, expected) in [
        (r#"{"model":"gpt-4o"}"#, Some(("gpt-4o", r#""gpt-4o""#))),
        (r#"{"messages":[],"m\u006fdel" : "a\u002fb"}"#, Some(("a/b", r#""a\u002fb""#))),
        (r#"{"Model":"llama"}"#, Some(("llama", r#""llama""#))),
        (r#"{"model":""}"#, Some(("", r#""""#))),
        (r#"{"model":7}"#, None),
        (r#"{"model":["gpt-4o"]}"#, None),
        (r#"{"metadata":{"model":"gpt-4o"}}"#, None),
        (r#"[{"model":"gpt-4o"}]"#, None),
    ] {
        let model = note(Api::Chat, body).0.model;
        let model =
            model.as_ref().map(|m| (m.name.as_str(), &body.as_bytes()[m.span.start as usize..m.span.end as usize]));
        assert_eq!(model, expected.map(|(name, raw)| (name, raw.as_bytes())), "{body}");
    }
    let long = format!(r#"{{"model":"{}"}}"#, "m".repeat(Model::LONGEST + 1));
    assert_eq!(note(Api::Chat, &long).0.model, None);
}

#[test]
fn stream_and_limits_are_read() {
    for (api, body, stream, limit) in [
        (Api::Chat, r#"{"stream":true,"max_tokens":5,"max_completion_tokens":70}"#, Some(true), Some(70)),
        (Api::Responses, r#"{"stream":false,"max_output_tokens":1e3}"#, Some(false), Some(1000)),
        (Api::OllamaChat, r#"{"options":{"num_predict":9}}"#, None, Some(9)),
        (Api::OllamaChat, r#"{"stream":null,"options":{"num_predict":-1}}"#, None, None),
        (Api::Chat, r#"{"metadata":{"stream":true,"max_tokens":5}}"#, None, None),
        (Api::Chat, r#"{"stream":"true","max_tokens":"5"}"#, None, None),
        (Api::Chat, r#"{"max_tokens":99999999999999999999999}"#, None, Some(u64::MAX)),
    ] {
        let asked = note(api, body).0;
        assert_eq!((asked.stream, asked.max_output_tokens), (stream, limit), "{body}");
    }
}

#[test]
fn what_a_model_must_be_capable_of_is_read() {
    use Api::{Chat, Messages, OllamaChat, Responses};
    for (api, body, expected) in [
        (Chat, r#"{"messages":[{"role":"user","content":"hi"}]}"#, vec![]),
        (Chat, r#"{"tools":[],"functions":null}"#, vec![]),
        (Chat, r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]}"#, vec!["tools"]),
        (Chat, r#"{"functions":[{"name":"f"}]}"#, vec!["tools"]),
        (Chat, r#"{"metadata":{"tools":[{}]}}"#, vec![]),
        (Chat, r#"{"response_format":{"type":"json_schema","json_schema":{"schema":{}}}}"#, vec!["json"]),
        (Chat, r#"{"response_format":{"type":"json_object"}}"#, vec!["json"]),
        (Chat, r#"{"response_format":{"type":"text"}}"#, vec![]),
        (Responses, r#"{"text":{"format":{"type":"json_schema","schema":{}}}}"#, vec!["json"]),
        (Messages, r#"{"output_config":{"format":{"type":"json_schema","schema":{}}}}"#, vec!["json"]),
        (OllamaChat, r#"{"format":"json"}"#, vec!["json"]),
        (OllamaChat, r#"{"format":{"type":"object","properties":{"image_url":{"type":"string"}}}}"#, vec!["json"]),
        (OllamaChat, r#"{"format":""}"#, vec![]),
        (Chat, r#"{"modalities":["text","audio"],"audio":{"voice":"a","format":"wav"}}"#, vec!["audio"]),
        (Chat, r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#, vec!["vision"]),
        (Messages, r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#, vec!["tools"]),
    ] {
        assert_eq!(needs(api, body), expected, "{body}");
    }
}

#[test]
fn what_cannot_be_read_is_told_by_kind() {
    use Api::{Chat, Completions, Embeddings, Messages, OllamaChat, OllamaGenerate, Other, Responses};
    for (api, body, expected) in [
        (Chat, r#"{"messages":[{"content":[{"type":"text","text":"https://example.com"}]}]}"#, vec![]),
        (Chat, r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"https://x"}}]}]}"#, vec!["image"]),
        (Chat, r#"{"messages":[{"content":[{"image_url":{"url":"https://x"}}]}]}"#, vec!["image"]),
        (Chat, r#"{"messages":[{"content":[{"type":"im\u0061ge_url"}]}]}"#, vec!["image"]),
        (Chat, r#"{"messages":[{"content":[{"type":"input_audio","input_audio":{"data":"x"}}]}]}"#, vec!["audio"]),
        (Chat, r#"{"messages":[{"role":"assistant","audio":{"id":"audio_1"}}]}"#, vec!["audio"]),
        (Chat, r#"{"messages":[{"content":[{"type":"file","file":{"file_id":"f"}}]}]}"#, vec!["file"]),
        (Chat, r#"{"messages":[{"content":[{"type":"video_url","video_url":{"url":"x"}}]}]}"#, vec!["video"]),
        (Chat, r#"{"web_search_options":{}}"#, vec!["remote-tool"]),
        (Responses, r#"{"tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]}]}"#, vec![]),
        (
            Responses,
            r#"{"tools":[{"type":"namespace","name":"n","tools":[{"type":"web_search"}]}]}"#,
            vec!["remote-tool"],
        ),
        (Responses, r#"{"client_metadata":{"thread_id":"t"}}"#, vec![]),
        (Responses, r#"{"thread_id":"t"}"#, vec!["reference"]),
        (Chat, r#"{"messages":[{"content":[{"type":"note","text":"hello"}]}]}"#, vec![]),
        (Chat, r#"{"messages":[{"content":[{"type":"note","link":"https://x"}]}]}"#, vec!["unknown"]),
        (Chat, r#"{"messages":[{"content":[{"deep":{"x":["https://x"]},"type":"note"}]}]}"#, vec!["unknown"]),
        (Chat, r#"{"tools":[{"type":"function","function":{"parameters":{"file_id":"x"}}}]}"#, vec![]),
        (
            Responses,
            r#"{"input":[{"type":"message","content":[{"type":"input_image","file_id":"x"}]}]}"#,
            vec!["image", "file"],
        ),
        (Responses, r#"{"input":[{"type":"message","content":[{"type":"input_file","file_url":"x"}]}]}"#, vec!["file"]),
        (Responses, r#"{"previous_response_id":"resp_1"}"#, vec!["reference"]),
        (Responses, r#"{"previous_response_id":null,"conversation":null}"#, vec![]),
        (Responses, r#"{"conversation":{"id":"conv_1"}}"#, vec!["reference"]),
        (Responses, r#"{"prompt":{"id":"pmpt_1"}}"#, vec!["reference"]),
        (Responses, r#"{"input":[{"type":"item_reference","id":"msg_1"}]}"#, vec!["reference"]),
        (Responses, r#"{"input":[{"id":"msg_1"}]}"#, vec!["reference"]),
        (Responses, r#"{"input":[{"type":"reasoning","summary":[],"encrypted_content":"gAAA"}]}"#, vec!["sealed"]),
        (Responses, r#"{"input":[{"type":"reasoning","summary":[],"encrypted_content":null}]}"#, vec![]),
        (Responses, r#"{"tools":[{"type":"web_search"}]}"#, vec!["remote-tool"]),
        (Responses, r#"{"tools":[{"type":"local_shell"},{"type":"custom","name":"x"}]}"#, vec![]),
        (Responses, r#"{"tools":[{"type":"mcp","server_url":"https://x"}]}"#, vec!["remote-tool"]),
        (Responses, r#"{"tools":[{"type":"code_interpreter","container":"c"}]}"#, vec!["reference", "remote-tool"]),
        (Responses, r#"{"prompt":{"variables":{"a":{"type":"input_image"}}}}"#, vec!["image", "reference"]),
        (Messages, r#"{"messages":[{"content":[{"type":"image","source":{"type":"url","url":"x"}}]}]}"#, vec!["image"]),
        (
            Messages,
            r#"{"messages":[{"content":[{"source":{"type":"base64","data":"x"},"type":"image"}]}]}"#,
            vec!["image"],
        ),
        (
            Messages,
            r#"{"messages":[{"content":[{"type":"document","source":{"type":"base64","data":"x"}}]}]}"#,
            vec!["file"],
        ),
        (Messages, r#"{"messages":[{"content":[{"type":"document","source":{"type":"text","data":"x"}}]}]}"#, vec![]),
        (
            Messages,
            r#"{"messages":[{"content":[{"type":"document","source":{"type":"file","file_id":"x"}}]}]}"#,
            vec!["file"],
        ),
        (
            Messages,
            r#"{"messages":[{"content":[{"type":"tool_result","content":[{"type":"image"}]}]}]}"#,
            vec!["image"],
        ),
        (
            Messages,
            r#"{"messages":[{"content":[{"type":"tool_use","input":{"file_id":"x","type":"image"}}]}]}"#,
            vec![],
        ),
        (Messages, r#"{"messages":[{"content":[{"type":"redacted_thinking","data":"x"}]}]}"#, vec!["sealed"]),
        (Messages, r#"{"mcp_servers":[{"type":"url","url":"https://x"}]}"#, vec!["remote-tool"]),
        (Messages, r#"{"mcp_servers":[],"container":null}"#, vec![]),
        (Messages, r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#, vec!["remote-tool"]),
        (Messages, r#"{"tools":[{"type":"bash_20250124","name":"bash"},{"name":"f","input_schema":{}}]}"#, vec![]),
        (OllamaChat, r#"{"messages":[{"role":"user","content":"hi","images":["iVBORw0KGgo"]}]}"#, vec!["image"]),
        (OllamaChat, r#"{"messages":[{"role":"user","content":"hi","Images":["iVBORw0KGgo"]}]}"#, vec!["image"]),
        (OllamaChat, r#"{"messages":[{"role":"user","content":"hi","images":[]}]}"#, vec![]),
        (OllamaGenerate, r#"{"prompt":"hi","images":["x"],"context":[1,2]}"#, vec!["image", "tokens"]),
        (Embeddings, r#"{"input":["a","b"]}"#, vec![]),
        (Embeddings, r#"{"input":[1,2]}"#, vec!["tokens"]),
        (Embeddings, r#"{"input":[[1],[2]]}"#, vec!["tokens"]),
        (Completions, r#"{"prompt":[1,2]}"#, vec!["tokens"]),
        (Other, r#"{"requests":[{"params":{"messages":[{"content":[{"type":"image"}]}]}}]}"#, vec!["image"]),
        (Other, r#"{"metadata":{"image_url":"x"}}"#, vec!["image"]),
        (Other, r#"{"thread_id":"t"}"#, vec!["reference"]),
    ] {
        assert_eq!(opaque(api, body), expected, "{body}");
    }
}

#[test]
fn a_payload_is_opaque_whatever_its_source_says() {
    let body = r#"{"content":[{"type":"document","source":{"type":"text","data":"iVBORw0KGgo"}}]}"#;
    assert_eq!(opaque(Api::Messages, body), ["image"]);
}

#[test]
fn every_string_is_read_but_what_a_rule_exempts() {
    let png = "iVBORw0KGgoAAAANSUhEUgAA";
    for (body, expected) in [
        (r#"{"model":"m","stream":true}"#.to_string(), vec!["m"]),
        (r#"{"messages":[{"role":"user","content":"hi","x":"y"}]}"#.into(), vec!["hi", "x", "y"]),
        (r#"{"messages":[{"role":"me","content":[{"type":"text","text":"t"}]}]}"#.into(), vec!["me", "t"]),
        (
            r#"{"Messages":[{"type":"new","blurb":["z",{"k":"v"}]}]}"#.into(),
            vec!["Messages", "new", "blurb", "z", "k", "v"],
        ),
        (r#"{"metadata":{"secret":"s"},"temperature":0.7}"#.into(), vec!["secret", "s"]),
        (r#"{"n":12345,"ssn":123456,"f":1.2345678}"#.into(), vec!["n", "ssn", "123456", "f", "1.2345678"]),
        (
            format!(r#"{{"content":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{png}"}}}}]}}"#),
            vec![],
        ),
        (format!(r#"{{"content":[{{"type":"image","source":{{"type":"base64","data":"{png}"}}}}]}}"#), vec!["base64"]),
        (format!(r#"{{"images":["{png}"]}}"#), vec![]),
        // Not a payload's place, not a medium's beginning, or not base64 to the end.
        (format!(r#"{{"content":"{png}"}}"#), vec![png]),
        (r#"{"images":["hello"]}"#.into(), vec!["hello"]),
        (format!(r#"{{"images":["{png} my key"]}}"#), vec!["iVBORw0KGgoAAAANSUhEUgAA my key"]),
        (format!(r#"{{"parameters":{{"image_url":"{png}"}}}}"#), vec![png]),
        (r#""text alone""#.into(), vec!["text alone"]),
    ] {
        assert_eq!(note(Api::Chat, &body).1, expected, "{body}");
    }
}

#[test]
fn a_long_payload_is_exempt_only_as_far_as_it_is_base64() {
    let block = crate::document::BLOCK;
    let payload = format!("iVBORw0KGgo{}", "A".repeat(3 * block));
    assert_eq!(note(Api::Chat, &format!(r#"{{"images":["{payload}"]}}"#)).1.len(), 0);
    let smuggled = format!(r#"{{"images":["{payload} but my key is x"]}}"#);
    let text = note(Api::Chat, &smuggled).1;
    assert_eq!(text.len(), 1);
    assert!(text[0].ends_with("my key is x"));
}

#[test]
fn tokens_are_estimated() {
    for (body, expected) in [
        ("{}".to_string(), 0),
        (r#"{"prompt":"abcdefghijklmnop"}"#.into(), (6 + 16_u64).div_ceil(4)),
        (r#"{"prompt":"日本語"}"#.into(), 6_u64.div_ceil(4) + 9_u64.div_ceil(2)),
        (r#"{"images":["iVBORw0KGgo"]}"#.into(), 6_u64.div_ceil(4) + 1_000),
        (r#"{"images":["JVBERi0A"]}"#.into(), 6_u64.div_ceil(4) + 1_000 + 1),
    ] {
        assert_eq!(note(Api::OllamaGenerate, &body).0.tokens, expected, "{body}");
    }
}

#[test]
fn every_exemption_has_a_reason() {
    assert!(Exempt::ALL.iter().all(|exempt| !exempt.reason().is_empty()));
}
