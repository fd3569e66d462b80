//! What an editor asks, as text in and text out.

mod completion;
mod fixture;
mod folding;
mod format;
mod hover;
mod links;
mod names;
mod project;
mod robust;
mod selection;
mod semantic;
mod signature;
mod soon;
mod symbols;
