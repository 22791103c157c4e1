//! The values of `type` and `role` that the wire formats know.

use crate::request::Opaque;

/// What an object is, by its `type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Word {
    /// It has none.
    #[default]
    Absent,
    /// All that it carries is text, or stands under a key that tells what it is.
    Text,
    /// A document, which is text or a file by its `source`.
    Document,
    /// It carries something else.
    Opaque(Opaque),
    /// A type that is not known.
    Unknown,
}

// === impl Word ===

impl Word {
    /// What a value of `type` says.
    pub(super) fn of(value: &str) -> Self {
        match value {
            "image" | "image_url" | "input_image" | "computer_screenshot" | "image_generation_call" => {
                Self::Opaque(Opaque::Image)
            }
            "audio" | "input_audio" | "audio_url" => Self::Opaque(Opaque::Audio),
            "video" | "video_url" | "input_video" => Self::Opaque(Opaque::Video),
            "file" | "input_file" | "container_upload" => Self::Opaque(Opaque::File),
            "item_reference" => Self::Opaque(Opaque::Reference),
            "redacted_thinking" => Self::Opaque(Opaque::Sealed),
            "document" => Self::Document,
            _ if is_text(value) => Self::Text,
            _ => Self::Unknown,
        }
    }
}

/// Types of messages, items and parts whose content is text.
fn is_text(value: &str) -> bool {
    matches!(
        value,
        // Parts.
        "text" | "input_text" | "output_text" | "refusal" | "summary_text" | "reasoning_text" | "thinking"
            | "search_result" | "tool_reference"
            // Messages and calls of tools.
            | "message" | "reasoning" | "tool_use" | "server_tool_use" | "mcp_tool_use" | "function" | "function_call"
            | "custom" | "custom_tool_call" | "local_shell_call" | "shell_call" | "apply_patch_call" | "computer_call"
            | "web_search_call" | "file_search_call" | "code_interpreter_call" | "tool_search_call" | "mcp_call"
            | "mcp_list_tools" | "mcp_approval_request" | "mcp_approval_response" | "compaction"
            // Results of tools.
            | "tool_result" | "mcp_tool_result" | "web_search_tool_result" | "web_search_result" | "web_fetch_tool_result"
            | "code_execution_tool_result" | "bash_code_execution_tool_result"
            | "text_editor_code_execution_tool_result" | "tool_search_tool_result" | "function_call_output"
            | "custom_tool_call_output" | "local_shell_call_output" | "shell_call_output" | "apply_patch_call_output"
            | "computer_call_output" | "tool_search_output"
    )
}

/// Whether a value of `type` or `role` is a word of the formats, which says nothing of the client's.
pub(super) fn is_known(value: &str) -> bool {
    matches!(
        value,
        "user"
            | "assistant"
            | "system"
            | "developer"
            | "tool"
            | "ephemeral"
            | "object"
            | "string"
            | "number"
            | "integer"
            | "boolean"
            | "array"
            | "null"
            | "json_object"
            | "json_schema"
    ) || Word::of(value) != Word::Unknown
}

/// Whether a tool of this `type` runs at the client, so that it sees what the client has and no more.
pub(super) fn is_client_tool(value: &str) -> bool {
    const DATED: [&str; 3] = ["bash_", "text_editor_", "memory_"];
    // The tools in a namespace are looked at one by one.
    matches!(value, "function" | "custom" | "local_shell" | "apply_patch" | "namespace")
        || DATED.iter().any(|name| value.strip_prefix(name).is_some_and(is_date))
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tools_known_to_run_at_the_client_are_the_clients() {
        for (tool, expected) in [
            ("function", true),
            ("custom", true),
            ("namespace", true),
            ("bash_20250124", true),
            ("text_editor_20250728", true),
            ("bash_tool", false),
            ("web_search_20250305", false),
            ("web_search_preview", false),
            ("code_interpreter", false),
            ("computer_use_preview", false),
            ("mcp", false),
            ("mcp_toolset", false),
            ("file_search", false),
            ("", false),
        ] {
            assert_eq!(is_client_tool(tool), expected, "{tool}");
        }
    }
}
