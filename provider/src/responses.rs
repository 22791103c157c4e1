//! OpenAI's responses, <https://platform.openai.com/docs/api-reference/responses>, as far as they need no memory.
//!
//! Only as a client's API: providers of OpenAI's format get such requests as they are.

mod input;
mod item;
mod read;
mod stream;

pub(crate) use self::{item::write_answer, read::read_request, stream::Writer};
