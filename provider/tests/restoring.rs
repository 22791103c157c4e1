//! Values come back into every answer, and round trips keep what both formats can say.

use policy::{
    catalogue::Format,
    config::{QuirksConfig, Strictness},
    request::Api,
};
use provider::{
    answer::whole,
    redact::Placeholders,
    stream::Stream,
    translate::{Target, request},
};
use serde_json::Value;

use crate::case;

const VALUE: &str = "Ann \"A\" Lee <ann@example.com>";

fn placeholders() -> Placeholders {
    let mut placeholders = Placeholders::default();
    placeholders.insert("PERSON_1", VALUE);
    placeholders
}

#[test]
fn values_come_back_into_texts_and_arguments_of_whole_answers() {
    let given = r#"{"id":"i","model":"m","choices":[{"finish_reason":"tool_calls","message":{"content":"to <PERSON_1>",
      "tool_calls":[{"id":"c","type":"function","function":{"name":"mail","arguments":"{\"to\":\"<PERSON_1>\"}"}}]}}]}"#;
    let back =
        |api| case::json(&whole(api, Format::Openai, given.as_bytes(), &placeholders(), &case::stamp()).unwrap().body);
    let messages = back(Api::Messages);
    assert_eq!(messages["content"][0]["text"], format!("to {VALUE}"));
    assert_eq!(messages["content"][1]["input"]["to"], VALUE);
    let chat = back(Api::Chat);
    let arguments = chat["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert_eq!(case::json(arguments.as_bytes())["to"], VALUE);
}

#[test]
fn values_come_back_into_streams_whatever_cuts_their_placeholders() {
    let placeholder = "<PERSON_1>";
    for at in 0..=placeholder.len() {
        let (head, tail) = placeholder.split_at(at);
        let event =
            |delta: String| format!("data: {{\"id\":\"i\",\"model\":\"m\",\"choices\":[{{\"delta\":{delta}}}]}}\n\n");
        let call = |piece: &str, name: &str| {
            let piece = serde_json::to_string(piece).unwrap();
            format!(r#"{{"tool_calls":[{{"index":0,"id":"c","function":{{"name":"{name}","arguments":{piece}}}}}]}}"#)
        };
        let body = [
            event(format!(r#"{{"content":"to {head}"}}"#)),
            event(format!(r#"{{"content":"{tail}!"}}"#)),
            event(call(&format!("{{\"to\":\"{head}"), "mail")),
            event(call(&format!("{tail}\"}}"), "")),
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n".to_owned(),
        ]
        .concat();
        for api in [Api::Chat, Api::Messages, Api::OllamaChat, Api::Responses] {
            let stream = Stream::new(api, Format::Openai, false, case::stamp()).unwrap();
            let mut stream = stream.restoring(placeholders());
            let mut out = Vec::new();
            body.as_bytes().chunks(11).for_each(|piece| stream.feed(piece, &mut out));
            stream.finish(&mut out);
            let (text, arguments) = said(api, &String::from_utf8(out).unwrap());
            assert_eq!(text, format!("to {VALUE}!"), "{} cut at {at}", api.name());
            assert_eq!(case::json(arguments.as_bytes())["to"], VALUE, "{} cut at {at}", api.name());
        }
    }
}

/// The text and the arguments that a stream says, put together.
fn said(api: Api, out: &str) -> (String, String) {
    let documents = out.lines().map(|line| line.trim_start_matches("data: ")).filter(|line| line.starts_with('{'));
    let (mut text, mut arguments) = (String::new(), String::new());
    for document in documents.map(|line| case::json(line.as_bytes())) {
        let (texts, calls) = match api {
            Api::Chat => ("/choices/0/delta/content", "/choices/0/delta/tool_calls/0/function/arguments"),
            Api::Messages => ("/delta/text", "/delta/partial_json"),
            Api::OllamaChat => ("/message/content", "/message/tool_calls/0/function/arguments"),
            _ if document["type"] == "response.output_text.delta" => ("/delta", "/none"),
            _ if document["type"] == "response.function_call_arguments.delta" => ("/none", "/delta"),
            _ => continue,
        };
        text += document.pointer(texts).and_then(Value::as_str).unwrap_or_default();
        match document.pointer(calls) {
            Some(Value::String(piece)) => arguments += piece,
            Some(object) => arguments += &object.to_string(),
            None => {}
        }
    }
    (text, arguments)
}

#[test]
fn a_round_trip_keeps_what_both_formats_can_say() {
    let rich = r#"{"model":"m","max_completion_tokens":10,"temperature":0.5,"stop":["END"],"stream":false,
      "messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"x"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},
        {"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"get","arguments":"{\"b\":1,\"a\":[2]}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"rain"},{"role":"user","content":"and?"}],
      "tools":[{"type":"function","function":{"name":"get","description":"gets","parameters":{"type":"object","properties":{"b":{"type":"number"}}}}}]}"#;
    for (format, api) in
        [(Format::Anthropic, Api::Messages), (Format::Ollama, Api::OllamaChat), (Format::Openai, Api::Chat)]
    {
        let to = |format, model| {
            let (quirks, strictness) = (QuirksConfig::default(), Strictness::Strict);
            Target { format, model: Some(model), quirks, strictness }
        };
        let there = request(Api::Chat, rich.as_bytes(), &to(format, "claude-sonnet-4-5")).unwrap();
        let back = request(api, &there.body, &to(Format::Openai, "m")).unwrap();
        let mut expected = case::json(rich.as_bytes());
        expected["max_tokens"] = expected["max_completion_tokens"].take();
        expected.as_object_mut().unwrap().remove("max_completion_tokens");
        assert_eq!(case::json(&back.body), expected, "{}", format.name());
    }
}
