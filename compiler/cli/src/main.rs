//! The `aurc` program; everything is in the library, so that tests can call it.

mod allocator;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> ExitCode {
    aurc::main(allocator::keep_memory)
}
