//! The command `policymesh`.

fn main() {}
