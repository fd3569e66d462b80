//! The command as a user meets it: lines typed into a shell, and all that comes back.

mod check;
mod compile;
mod deps;
mod diff;
mod doc;
mod fix;
mod fmt;
mod inspect;
mod man;
mod origin;
mod other;
mod rules;
mod sarif;
mod schemas;
mod session;
mod show;
mod test;
mod watch;
