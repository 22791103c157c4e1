//! The wire formats of model providers: requests and answers translated between them, or relayed as they are, usage
//! counted on the way.
//!
//! A request goes one of the [`Way`](policy::catalogue::Way)s. Where client and provider speak one format, bytes pass untouched:
//! [`relay`] reads the usage as it goes by. Where they do not, [`translate::request`] makes the provider's request, and
//! its answer comes back through [`answer::whole`] or [`stream::Stream`]; a failure through [`failure::Failure`]. What the
//! provider's format cannot express is a [`loss`], never silent.
//!
//! ```
//! use policy::{catalogue::Format, config::{QuirksConfig, Strictness}, request::Api, usage::Usage};
//! use provider::{stamp::Stamp, stream::Stream, translate::{self, Target}};
//!
//! // An OpenAI client asks; the router has chosen a model at Anthropic.
//! let asked = br#"{"model":"smart","max_tokens":99,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
//! let (format, model) = (Format::Anthropic, Some("claude-sonnet-4-5"));
//! let target = Target { format, model, quirks: QuirksConfig::default(), strictness: Strictness::Strict };
//! let sent = translate::request(Api::Chat, asked, &target)?;
//! assert_eq!(sent.path, "/v1/messages");
//!
//! // The answer comes in pieces.
//! let stamp = Stamp { id: "d-1".into(), seconds: 1_795_391_999 };
//! let mut stream = Stream::new(Api::Chat, format, sent.usage_asked, stamp).expect("chat is translated");
//! let mut out = Vec::new();
//! stream.feed(b"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n", &mut out);
//! stream.finish(&mut out);
//! assert!(out.ends_with(b"data: [DONE]\n\n"));
//! assert_eq!(stream.usage(), Usage::Missing);
//! # Ok::<(), provider::loss::Refusal>(())
//! ```
//!
//! This crate is pure, as `policy` is: no host, clock, environment, file or thread. Nothing in it recurses on its input,
//! and every buffer has a bound with a name.

mod anthropic;
mod conversation;
mod frames;
mod json;
mod ollama;
mod openai;
mod responses;

pub mod answer;
pub mod answer_headers;
pub mod error;
pub mod failure;
pub mod headers;
pub mod listing;
pub mod loss;
pub mod quirks;
pub mod redact;
pub mod relay;
pub mod request;
pub mod stamp;
pub mod stream;
pub mod translate;
