//! Which chat completions OpenAI takes, in the words with which it refuses the others.

use serde_json::Value;

use super::{check_fields, check_range, messages, missing};
use crate::standin::fault::{Checked, Fault, ensure, is_name, items, text, unknown};

/// The members of a request, by <https://platform.openai.com/docs/api-reference/chat/create>.
const FIELDS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// Models that think, <https://platform.openai.com/docs/guides/reasoning>.
const THINKING: &[&str] = &["o1", "o3", "o4", "gpt-5"];

/// What the thinking models take no value for but their own.
const NOT_WHILE_THINKING: &[(&str, f64)] =
    &[("temperature", 1.0), ("top_p", 1.0), ("presence_penalty", 0.0), ("frequency_penalty", 0.0)];

/// Checks a request.
pub fn check(body: &Value) -> Checked {
    check_fields(body, FIELDS)?;
    ensure(body["messages"].is_array(), || missing("messages"))?;
    for (name, least, most) in [("temperature", 0.0, 2.0), ("top_p", 0.0, 1.0), ("presence_penalty", -2.0, 2.0)] {
        check_range(body, name, least, most)?;
    }
    check_range(body, "frequency_penalty", -2.0, 2.0)?;
    check_limits(body)?;
    check_thinking(body)?;
    check_stream(body)?;
    check_stops(&body["stop"])?;
    check_tools(body)?;
    check_format(body)?;
    messages::check(items(&body["messages"]))
}

/// Whether the model of a request thinks.
pub(super) fn thinks(body: &Value) -> bool {
    let model = text(&body["model"]);
    THINKING.iter().any(|name| model.starts_with(name)) && !model.contains("-chat")
}

fn check_limits(body: &Value) -> Checked {
    for name in ["max_tokens", "max_completion_tokens", "n"] {
        let value = &body[name];
        let message = format!("Invalid '{name}': integer below minimum value. Expected a value >= 1.");
        let fault = || Fault::invalid(message).at(name).code("integer_below_min_value");
        ensure(value.is_null() || value.as_u64().is_some_and(|value| value >= 1), fault)?;
    }
    let both = !body["max_tokens"].is_null() && !body["max_completion_tokens"].is_null();
    let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
    ensure(!both, || Fault::invalid(message).at("max_tokens").code("invalid_parameter_combination"))
}

fn check_thinking(body: &Value) -> Checked {
    if !thinks(body) {
        let message = "Unrecognized request argument supplied: reasoning_effort";
        return ensure(body["reasoning_effort"].is_null(), || Fault::invalid(message));
    }
    let unsupported = |name: &str, hint: &str| {
        let message = format!("Unsupported parameter: '{name}' is not supported with this model.{hint}");
        Fault::invalid(message).at(name).code("unsupported_parameter")
    };
    let hint = " Use 'max_completion_tokens' instead.";
    ensure(body["max_tokens"].is_null(), || unsupported("max_tokens", hint))?;
    for name in ["stop", "logprobs", "logit_bias"] {
        ensure(body[name].is_null() || body[name] == false, || unsupported(name, ""))?;
    }
    for (name, default) in NOT_WHILE_THINKING {
        let value = &body[name];
        let message = format!(
            "Unsupported value: '{name}' does not support {value} with this model. Only the default ({default}) value is supported."
        );
        let fault = || Fault::invalid(message).at(*name).code("unsupported_value");
        // From 5.1 on they can be told not to think.
        let free = body["reasoning_effort"] == "none" || value.is_null();
        ensure(free || value.as_f64() == Some(*default), fault)?;
    }
    Ok(())
}

fn check_stream(body: &Value) -> Checked {
    let options = &body["stream_options"];
    let alone = !options.is_null() && body["stream"] != true;
    let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
    ensure(!alone, || Fault::invalid(message).at("stream_options"))?;
    match unknown(options, &["include_usage", "include_obfuscation"]) {
        Some(name) => {
            let name = format!("stream_options.{name}");
            Err(Fault::invalid(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"))
        }
        None => Ok(()),
    }
}

fn check_stops(stop: &Value) -> Checked {
    let many = format!(
        "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length {} instead.",
        items(stop).len()
    );
    ensure(items(stop).len() <= 4, || Fault::invalid(many).at("stop").code("array_above_max_length"))?;
    let texts = stop.is_null() || stop.is_string() || items(stop).iter().all(Value::is_string) && stop.is_array();
    ensure(texts, || Fault::invalid("Invalid type for 'stop'.").at("stop").code("invalid_type"))
}

fn check_tools(body: &Value) -> Checked {
    let tools = &body["tools"];
    if tools.is_null() {
        for name in ["tool_choice", "parallel_tool_calls"] {
            let message = format!("Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.");
            ensure(body[name].is_null(), || Fault::invalid(message).at(name))?;
        }
        return Ok(());
    }
    let empty =
        "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.";
    ensure(!items(tools).is_empty(), || Fault::invalid(empty).at("tools").code("empty_array"))?;
    for (index, tool) in items(tools).iter().enumerate() {
        check_tool(index, tool)?;
    }
    let chosen = &body["tool_choice"]["function"]["name"];
    let offered = chosen.is_null() || items(tools).iter().any(|tool| tool["function"]["name"] == *chosen);
    let message = format!("Tool choice '{}' not found in 'tools' parameter.", text(chosen));
    ensure(offered, || Fault::invalid(message).at("tool_choice"))
}

fn check_tool(index: usize, tool: &Value) -> Checked {
    let place = format!("tools[{index}]");
    let kind = format!("Invalid value: {}. Supported values are: 'function' and 'custom'.", tool["type"]);
    let known = tool["type"] == "function" || tool["type"] == "custom";
    ensure(known, || Fault::invalid(kind).at(format!("{place}.type")).code("invalid_value"))?;
    let function = &tool["function"];
    if let Some(name) = unknown(function, &["name", "description", "parameters", "strict"]) {
        let name = format!("{place}.function.{name}");
        return Err(Fault::invalid(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"));
    }
    let name = text(&function["name"]);
    let pattern = format!(
        "Invalid '{place}.function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
    );
    let fault = || Fault::invalid(pattern).at(format!("{place}.function.name")).code("invalid_value");
    ensure(tool["type"] == "custom" || is_name(name, 64), fault)?;
    let schema = &function["parameters"];
    let message = format!(
        "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"', got 'type: {}'.",
        schema["type"]
    );
    let fault = |message| {
        Fault::invalid(message).at(format!("{place}.function.parameters")).code("invalid_function_parameters")
    };
    ensure(schema.is_null() || schema["type"] == "object", || fault(message))?;
    let strict = function["strict"] == true;
    let open = format!(
        "Invalid schema for function '{name}': In context=(), 'additionalProperties' is required to be supplied and to be false, and every property to be required."
    );
    ensure(!strict || is_strict(schema), || fault(open))
}

fn check_format(body: &Value) -> Checked {
    let format = &body["response_format"];
    match format["type"].as_str() {
        None | Some("text") => Ok(()),
        Some("json_object") => {
            let named =
                items(&body["messages"]).iter().any(|message| message.to_string().to_lowercase().contains("json"));
            let message =
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
            ensure(named, || Fault::invalid(message).at("messages"))
        }
        Some("json_schema") => {
            let schema = &format["json_schema"];
            let named = is_name(text(&schema["name"]), 64);
            ensure(named, || missing("response_format.json_schema.name"))?;
            let message = "Invalid schema for response_format: In context=(), 'additionalProperties' is required to be supplied and to be false, and every property to be required.";
            let holds = schema["strict"] != true || is_strict(&schema["schema"]);
            ensure(holds, || Fault::invalid(message).at("response_format"))
        }
        Some(kind) => {
            let message =
                format!("Invalid value: '{kind}'. Supported values are: 'json_object', 'json_schema', and 'text'.");
            Err(Fault::invalid(message).at("response_format.type").code("invalid_value"))
        }
    }
}

/// Whether a schema keeps the rules of strict ones, <https://platform.openai.com/docs/guides/structured-outputs>.
fn is_strict(schema: &Value) -> bool {
    let children = match schema {
        Value::Object(members) => members.values().collect::<Vec<_>>(),
        Value::Array(items) => items.iter().collect(),
        _ => vec![],
    };
    let closed = || {
        let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name);
        let required = |name: &String| items(&schema["required"]).iter().any(|one| one == name.as_str());
        schema["additionalProperties"] == false && names.into_iter().all(required)
    };
    (schema["type"] != "object" || closed()) && children.into_iter().all(is_strict)
}
