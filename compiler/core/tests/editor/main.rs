//! What an editor asks, as text in and text out.

mod fixture;
mod folding;
mod links;
mod robust;
mod selection;
mod semantic;
mod symbols;
