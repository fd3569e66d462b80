//! The rules of the repository, as tests: which crate may know which, and what every crate looks like.

mod editors;
mod layers;
mod tidy;
