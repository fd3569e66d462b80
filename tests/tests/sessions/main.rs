//! Whole sessions with the real programs: what a person types, and what they see.

mod compat;
mod control;
mod examples;
mod explain;
mod fleet;
mod gc;
mod heavy;
mod hermetic;
mod limits;
mod live;
mod logs;
mod ports;
mod processes;
mod programs;
mod refusals;
mod signals;
mod surroundings;
