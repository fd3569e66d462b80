//! Text in, tree and errors out.

mod dump;
mod errors;
mod habits;
mod limits;
mod properties;
mod texts;
mod trees;
