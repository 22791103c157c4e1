//! Ollama's chat, <https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion>.

mod answer;
mod calls;
mod read;
mod stream;
mod write;

pub(crate) use self::{
    answer::{read_answer, write_answer},
    read::read_request,
    stream::{Reader, Writer},
    write::write_request,
};
