//! OpenAI's chat completions, <https://platform.openai.com/docs/api-reference/chat>.

mod content;
mod read;
mod write;

pub(crate) use self::{
    read::{function, read_request},
    write::{write_request, write_tool},
};
