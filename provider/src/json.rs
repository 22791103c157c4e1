//! JSON as translation needs it: bodies read in place, only as deep as someone asks, and written as they come.
//!
//! Nothing here recurses, and nothing is copied that can be borrowed: an image of some megabytes goes from the client's
//! body to the provider's as one slice. What is passed on as it is (schemas, arguments of tools) stays JSON text, so
//! neither the order of its members nor a digit of its numbers changes.

mod node;
mod object;
mod place;
mod write;

pub(crate) use self::{
    node::{Node, string_length},
    object::Object,
    place::Place,
    write::{Items, Members, escaped, object, text},
};
