//! Envoy's own answers to requests that the filter does not see, in the format of the client's API.
//!
//! There are such where no policy is in force yet, while the filter is started anew after a trap, and where Envoy refuses a
//! request before any filter. What the filter sees, it puts into the format itself, and knows more to say.

use crate::yaml::{Node, list, map};

/// What Envoy says in which API.
pub fn local_reply() -> Node {
    let mappers = list![
        mapper(Some(r".*/v1/(messages|complete)([/?].*)?|.*/anthropic/.*"), anthropic()),
        mapper(
            Some(r".*/api/(chat|generate|embed|embeddings|tags|show|ps|version)([/?].*)?"),
            map! { "error" => MESSAGE }
        ),
        mapper(None, openai()),
    ];
    map! { "mappers" => mappers }
        .comment("What Envoy answers while the filter cannot, in the format of the client's API. Everything else the filter says.")
}

const MESSAGE: &str = "the gateway answered with status %RESPONSE_CODE%: it cannot serve the request now";

fn openai() -> Node {
    map! { "error" => map! { "message" => MESSAGE, "type" => "server_error", "code" => "gateway_unavailable" } }
}

fn anthropic() -> Node {
    map! { "type" => "error", "error" => map! { "type" => "api_error", "message" => MESSAGE } }
}

fn mapper(path: Option<&str>, body: Node) -> Node {
    // Whatever the filter has decided is in its record.
    let unseen = map! { "extension_filter" => map! {
        "name" => "envoy.access_loggers.extension_filters.cel",
        "typed_config" => map! {
            "@type" => "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            "expression" => "!('wasm.policymesh_audit' in filter_state)",
        },
    } };
    let of_path = path.map(|regex| {
        let matches = map! { "safe_regex" => map! { "regex" => regex } };
        map! { "header_filter" => map! { "header" => map! { "name" => ":path", "string_match" => matches } } }
    });
    let filter = match of_path {
        Some(of_path) => map! { "and_filter" => map! { "filters" => list![unseen, of_path] } },
        None => unseen,
    };
    map! {
        "filter" => filter,
        "body_format_override" => map! { "json_format" => body, "content_type" => "application/json" },
    }
}
