//! Which chats Ollama takes, in the words with which it refuses the others. What it does not know, it passes over.

use serde_json::Value;

use crate::standin::fault::{Checked, Fault, ensure, is_base64, items, text};

/// Options that are whole numbers, those that are any, and those that are lists.
const WHOLE: &[&str] =
    &["num_predict", "top_k", "seed", "num_ctx", "num_keep", "num_batch", "num_gpu", "repeat_last_n", "mirostat"];
const NUMBERS: &[&str] = &["temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty", "repeat_penalty"];

/// Models that think, and know levels of it, by how their names begin.
const THINKING: &[&str] = &["gpt-oss", "deepseek-r1", "qwen3"];

/// Checks a chat.
pub fn check(body: &Value) -> Checked {
    let model = text(&body["model"]);
    let elsewhere = model.starts_with("gpt-4") || model.starts_with("gpt-5") || model.starts_with("claude-");
    ensure(!elsewhere, || Fault::status(404, format!("model '{model}' not found")))?;
    check_options(&body["options"])?;
    check_think(&body["think"], model)?;
    let format = &body["format"];
    let known = format.is_null() || format == "" || format == "json" || format.is_object();
    let message = format!("invalid format: {format}; expected \"json\" or a valid JSON Schema object");
    ensure(known, || Fault::invalid(message))?;
    items(&body["tools"]).iter().try_for_each(check_tool)?;
    items(&body["messages"]).iter().try_for_each(check_message)
}

/// Whether thinking is asked for.
pub fn thinks(think: &Value) -> bool {
    think.is_string() || think == true
}

fn check_options(options: &Value) -> Checked {
    for (name, value) in options.as_object().into_iter().flatten() {
        let wanted = match name.as_str() {
            name if WHOLE.contains(&name) && !value.is_i64() => "integer",
            name if NUMBERS.contains(&name) && !value.is_number() => "float32",
            "stop" if !items(value).iter().all(Value::is_string) || !value.is_array() => "array of strings",
            _ => continue,
        };
        return Err(Fault::invalid(format!("option \"{name}\" must be of type {wanted}")));
    }
    Ok(())
}

fn check_think(think: &Value, model: &str) -> Checked {
    let level = think.as_str().is_none_or(|level| ["high", "medium", "low"].contains(&level));
    let message = format!("invalid think value: {think} (must be \"high\", \"medium\", \"low\", true, or false)");
    ensure(level && (think.is_null() || think.is_boolean() || think.is_string()), || Fault::invalid(message))?;
    let able = !thinks(think) || THINKING.iter().any(|name| model.starts_with(name));
    ensure(able, || Fault::invalid(format!("\"{model}\" does not support thinking")))
}

fn check_tool(tool: &Value) -> Checked {
    let function = &tool["function"];
    ensure(!text(&function["name"]).is_empty(), || Fault::invalid("tool function name is required"))?;
    let schema = &function["parameters"];
    ensure(schema.is_null() || schema.is_object(), || {
        mismatch(schema, "tools.function.parameters", "api.ToolFunctionParameters")
    })
}

fn check_message(message: &Value) -> Checked {
    let (role, content) = (text(&message["role"]), &message["content"]);
    let roles = ["system", "user", "assistant", "tool"];
    let fault = || Fault::invalid(format!("invalid role \"{role}\", role must be one of {}", roles.join(", ")));
    ensure(roles.contains(&role), fault)?;
    ensure(content.is_null() || content.is_string(), || mismatch(content, "messages.content", "string"))?;
    for image in items(&message["images"]) {
        ensure(is_base64(text(image)), || Fault::invalid("illegal base64 data at input byte 0"))?;
    }
    for call in items(&message["tool_calls"]) {
        let arguments = &call["function"]["arguments"];
        let place = "messages.tool_calls.function.arguments";
        ensure(arguments.is_object() || arguments.is_null(), || mismatch(arguments, place, "map[string]interface {}"))?;
    }
    Ok(())
}

fn mismatch(value: &Value, place: &str, wanted: &str) -> Fault {
    let found = match value {
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Bool(_) => "bool",
        _ => "number",
    };
    Fault::invalid(format!("json: cannot unmarshal {found} into Go struct field ChatRequest.{place} of type {wanted}"))
}
