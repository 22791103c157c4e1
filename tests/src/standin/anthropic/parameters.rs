//! Which messages requests Anthropic takes, in the words with which it refuses the others.

use serde_json::Value;

use super::turns;
use crate::standin::Received;
use crate::standin::fault::{Checked, Fault, ensure, is_name, items, text, unknown};

/// The versions of the API, <https://platform.claude.com/docs/en/api/versioning>.
const OLD: &str = "2023-06-01";
const NEW: &str = "2026-10-21";

/// The members of a request, by <https://platform.claude.com/docs/en/api/messages/create>.
const FIELDS: &[&str] = &[
    "cache_control",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
];

/// Models that take no sampling parameters, and no budget to think, by parts of their names.
const NEWEST: &[&str] = &["opus-4-7", "opus-4-8", "opus-5", "sonnet-5", "haiku-5"];

/// The least number of tokens to think.
const LEAST_BUDGET: u64 = 1024;

/// Checks the header that every request needs.
pub fn check_version(received: &Received) -> Checked {
    match received.header("anthropic-version").as_str() {
        "" => Err(Fault::invalid("anthropic-version: header is required")),
        OLD | NEW => Ok(()),
        other => Err(Fault::invalid(format!("anthropic-version: \"{other}\" is not a valid version"))),
    }
}

/// Checks a request in a version.
pub fn check(body: &Value, version: &str) -> Checked {
    let limit = &body["max_tokens"];
    check_counted(body)?;
    ensure(!limit.is_null(), || Fault::invalid("max_tokens: Field required"))?;
    let low = "max_tokens: Input should be greater than or equal to 1";
    ensure(limit.as_u64().is_some_and(|limit| limit >= 1), || Fault::invalid(low))?;
    check_sampling(body, version)?;
    check_stops(&body["stop_sequences"])?;
    check_thinking(body)
}

/// Checks what a request has also where only its tokens are to be counted.
pub fn check_counted(body: &Value) -> Checked {
    ensure(body.is_object(), || Fault::invalid("The request body is not valid JSON"))?;
    if let Some(name) = unknown(body, FIELDS) {
        return Err(Fault::invalid(format!("{name}: Extra inputs are not permitted")));
    }
    let model = body["model"].as_str().ok_or_else(|| Fault::invalid("model: Field required"))?;
    ensure(!model.starts_with("gpt-"), || Fault::status(404, format!("model: {model}")))?;
    ensure(body["messages"].is_array(), || Fault::invalid("messages: Field required"))?;
    check_system(&body["system"])?;
    check_tools(body)?;
    check_output(&body["output_config"])?;
    turns::check(items(&body["messages"]), model)
}

fn check_system(system: &Value) -> Checked {
    match system {
        Value::Null | Value::String(_) => Ok(()),
        Value::Array(blocks) => {
            let texts = |block: &Value| block["type"] == "text" && !text(&block["text"]).trim().is_empty();
            ensure(blocks.iter().all(texts), || Fault::invalid("system: text content blocks must be non-empty"))
        }
        _ => Err(Fault::invalid("system: Input should be a valid list")),
    }
}

fn check_sampling(body: &Value, version: &str) -> Checked {
    let newest = NEWEST.iter().any(|part| text(&body["model"]).contains(part));
    for (name, default) in [("temperature", 1.0), ("top_p", 1.0), ("top_k", -1.0)] {
        let value = &body[name];
        let message = format!("{name}: Extra inputs are not permitted");
        ensure(value.is_null() || version != NEW, || Fault::invalid(message))?;
        let message = format!("`{name}` is not supported on this model.");
        ensure(value.is_null() || !newest || value.as_f64() == Some(default), || Fault::invalid(message))?;
        let within =
            value.is_null() || name == "top_k" || value.as_f64().is_some_and(|value| (0.0..=1.0).contains(&value));
        ensure(within, || Fault::invalid(format!("{name}: range: 0..1")))?;
    }
    let both = !body["temperature"].is_null() && !body["top_p"].is_null();
    let message = "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
    ensure(!both, || Fault::invalid(message))
}

fn check_stops(stops: &Value) -> Checked {
    let blank = items(stops).iter().any(|stop| text(stop).trim().is_empty());
    ensure(!blank, || Fault::invalid("stop_sequences: each stop sequence must contain non-whitespace"))
}

fn check_thinking(body: &Value) -> Checked {
    let (thinking, kind) = (&body["thinking"], text(&body["thinking"]["type"]));
    let kinds = ["", "disabled", "enabled", "adaptive", "between_tools"];
    ensure(kinds.contains(&kind), || Fault::invalid("thinking: Input tag does not match any of the expected tags"))?;
    if kind == "enabled" {
        let newest = NEWEST.iter().any(|part| text(&body["model"]).contains(part));
        let message = "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.";
        ensure(!newest, || Fault::invalid(message))?;
        let budget = thinking["budget_tokens"].as_u64().unwrap_or_default();
        let message = "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
        ensure(budget >= LEAST_BUDGET, || Fault::invalid(message))?;
        let message = "`max_tokens` must be greater than `thinking.budget_tokens`.";
        ensure(body["max_tokens"].as_u64().is_some_and(|limit| limit > budget), || Fault::invalid(message))?;
        turns::check_thought(items(&body["messages"]))?;
    }
    if kind == "enabled" || kind == "adaptive" {
        let temperature = &body["temperature"];
        let message = "`temperature` may only be set to 1 when thinking is enabled.";
        ensure(temperature.is_null() || temperature.as_f64() == Some(1.0), || Fault::invalid(message))?;
        ensure(body["top_k"].is_null(), || Fault::invalid("`top_k` must be unset when thinking is enabled."))?;
        let forced = ["any", "tool"].contains(&text(&body["tool_choice"]["type"]));
        ensure(!forced, || Fault::invalid("Thinking may not be enabled when tool_choice forces tool use."))?;
    }
    Ok(())
}

fn check_tools(body: &Value) -> Checked {
    let (tools, choice) = (items(&body["tools"]), &body["tool_choice"]);
    for (index, tool) in tools.iter().enumerate() {
        if !matches!(tool["type"].as_str(), None | Some("custom")) {
            continue;
        }
        let place = format!("tools.{index}.custom");
        let pattern = format!("{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'");
        ensure(is_name(text(&tool["name"]), 128), || Fault::invalid(pattern))?;
        let schema = &tool["input_schema"];
        ensure(schema.is_object(), || Fault::invalid(format!("{place}.input_schema: Field required")))?;
        let message = format!("{place}.input_schema.type: Input should be 'object'");
        ensure(schema["type"] == "object", || Fault::invalid(message))?;
        ensure(tool["strict"] != true || is_closed(schema), || open(&format!("{place}.input_schema")))?;
    }
    let kinds = ["auto", "any", "tool", "none"];
    let known = choice.is_null() || kinds.contains(&text(&choice["type"]));
    ensure(known, || Fault::invalid("tool_choice: Input tag does not match any of the expected tags"))?;
    let alone = tools.is_empty() && !choice.is_null();
    ensure(!alone, || Fault::invalid("tool_choice may only be specified while providing tools"))?;
    let offered = choice["type"] != "tool" || tools.iter().any(|tool| tool["name"] == choice["name"]);
    ensure(offered, || Fault::invalid(format!("Tool '{}' not found in provided tools", text(&choice["name"]))))
}

fn check_output(config: &Value) -> Checked {
    let efforts = ["", "low", "medium", "high", "xhigh", "max"];
    let message = "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'";
    ensure(efforts.contains(&text(&config["effort"])), || Fault::invalid(message))?;
    let format = &config["format"];
    if format.is_null() {
        return Ok(());
    }
    let message = "output_config.format.type: Input should be 'json_schema'";
    ensure(format["type"] == "json_schema", || Fault::invalid(message))?;
    ensure(is_closed(&format["schema"]), || open("output_config.format.schema"))
}

fn open(place: &str) -> Fault {
    Fault::invalid(format!("{place}: For 'object' type, 'additionalProperties' must be explicitly set to false"))
}

/// Whether all objects of a schema say that they have no other members than those they name,
/// <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>.
fn is_closed(schema: &Value) -> bool {
    let children = match schema {
        Value::Object(members) => members.values().collect::<Vec<_>>(),
        Value::Array(items) => items.iter().collect(),
        _ => vec![],
    };
    (schema["type"] != "object" || schema["additionalProperties"] == false) && children.into_iter().all(is_closed)
}
