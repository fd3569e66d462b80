//! Documents whose examples are programs, and documents that are generated.

mod cases;
mod language;
mod pages;
mod prelude;
mod readme;
mod schemas;
