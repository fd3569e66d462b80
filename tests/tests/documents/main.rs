//! Documents whose examples are programs, and documents that are generated.

mod cases;
mod language;
mod mistakes;
mod pages;
mod prelude;
mod readme;
mod schemas;
