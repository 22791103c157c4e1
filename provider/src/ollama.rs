//! Ollama's chat, <https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion>.

mod calls;
mod read;
mod write;

pub(crate) use self::{read::read_request, write::write_request};
