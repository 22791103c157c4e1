//! OpenAI's chat completions, <https://platform.openai.com/docs/api-reference/chat>.

mod answer;
mod content;
mod parameters;
mod read;
mod schema;
mod stream;
mod usage;
mod write;

pub(crate) use self::{
    answer::{read_answer, write_answer},
    content::{inline, source},
    read::{effort_named, function, function_of, read_request, schema},
    stream::{Reader, Writer},
    usage::read_usage,
    write::{write_request, write_tool},
};
