//! The command as a user meets it: lines typed into a shell, and all that comes back.

mod check;
mod compile;
mod fmt;
mod other;
mod schemas;
mod session;
mod show;
