//! The command as a user meets it: lines typed into a shell, and all that comes back.

mod check;
mod compile;
mod deps;
mod doc;
mod fmt;
mod inspect;
mod origin;
mod other;
mod schemas;
mod session;
mod show;
mod test;
