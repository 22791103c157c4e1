//! The keys that mean something to a provider.

use crate::document::{fold, unescape};
use crate::request::Opaque;

macro_rules! fields {
    ($($field:ident = $($name:literal)|+,)*) => {
        /// A key of the wire formats that matters to what a request asks, or is only structure.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(super) enum Field {
            $($field,)*
            /// Any other key.
            #[default]
            Other,
        }

        /// The field of a key without its case.
        fn find(key: &str) -> Field {
            match key {
                $($($name)|+ => Field::$field,)*
                _ => Field::Other,
            }
        }
    };
}

fields! {
    Model = "model",
    Stream = "stream",
    StreamOptions = "stream_options",
    IncludeUsage = "include_usage",
    MaxTokens = "max_tokens" | "max_completion_tokens" | "max_output_tokens",
    NumPredict = "num_predict",
    Options = "options",
    Tools = "tools" | "functions",
    Format = "format" | "response_format" | "output_format",
    Modalities = "modalities",

    // Where messages, items and content parts stand.
    List = "messages" | "system" | "content" | "output",
    Input = "input",
    Prompt = "prompt",
    Context = "context",
    Source = "source",
    Type = "type",
    Role = "role",
    Id = "id",
    Signature = "signature",

    // Where content stands that cannot be read.
    ImageUrl = "image_url",
    Image = "image" | "images",
    Audio = "audio",
    InputAudio = "input_audio" | "audio_url",
    Video = "video" | "video_url",
    File = "file" | "files" | "file_id" | "file_ids" | "file_url" | "input_file_id" | "training_file" | "validation_file",
    FileData = "file_data",
    Data = "data",
    Url = "url",
    Result = "result",
    Sealed = "encrypted_content",
    Reference = "previous_response_id" | "conversation" | "conversation_id" | "container" | "container_id" | "thread_id"
        | "assistant_id" | "vector_store_ids",
    RemoteTool = "mcp_servers" | "web_search_options" | "server_url" | "connector_id",

    // Where a client's own structure stands, in which no key means anything to a provider.
    Own = "parameters" | "input_schema" | "output_schema" | "schema" | "json_schema" | "metadata" | "client_metadata"
        | "arguments"
        | "annotations" | "citations" | "logit_bias",

    // Structure alone.
    Plain = "text" | "function" | "tool_calls" | "tool_call_id" | "tool_use_id" | "call_id" | "tool_choice" | "temperature"
        | "top_p" | "cache_control" | "properties" | "required" | "strict" | "additionalproperties",
}

/// The longest key that means anything, in raw bytes: every character may be written as `\uXXXX`.
const LONGEST: usize = 6 * 32;

// === impl Field ===

impl Field {
    /// The field that a key, as it stands in the body, is for any provider, and whether it is written exactly so.
    ///
    /// Case is ignored: Ollama reads `Images` as `images`.
    pub(super) fn of(raw: &[u8]) -> (Self, bool) {
        let mut room = String::new();
        if raw.len() > LONGEST {
            return (Self::Other, false);
        }
        let key = unescape(raw, &mut room);
        let exact = find(key);
        if exact != Self::Other || key.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            return (exact, exact != Self::Other && key.len() == raw.len());
        }
        (find(&key.chars().map(fold).collect::<String>()), false)
    }

    /// The kind of content that cannot be read and that stands under this key.
    pub(super) fn opaque(self) -> Option<Opaque> {
        match self {
            Self::ImageUrl | Self::Image => Some(Opaque::Image),
            Self::Audio | Self::InputAudio => Some(Opaque::Audio),
            Self::Video => Some(Opaque::Video),
            Self::File | Self::FileData => Some(Opaque::File),
            Self::Sealed => Some(Opaque::Sealed),
            Self::Reference => Some(Opaque::Reference),
            Self::RemoteTool => Some(Opaque::RemoteTool),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_however_it_is_written() {
        for (raw, expected) in [
            ("model", (Field::Model, true)),
            (r"mod\u0065l", (Field::Model, false)),
            ("Model", (Field::Model, false)),
            ("\u{17F}tream", (Field::Stream, false)),
            ("additionalProperties", (Field::Plain, false)),
            ("models", (Field::Other, false)),
            ("", (Field::Other, false)),
        ] {
            assert_eq!(Field::of(raw.as_bytes()), expected, "{raw}");
        }
    }
}
