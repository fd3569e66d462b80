//! The `aurc` program; everything is in the library, so that tests can call it.

use std::process::ExitCode;

/// A compiler makes many small things and drops them together: up to a quarter less CPU than with the
/// allocator of the C library, for a tenth more memory. Version 3 of it takes more memory still.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`, for which the bindings have no name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    aurc::main(keep_memory)
}

/// Keeps freed memory for later instead of giving it back to the system after a while. What comes back must
/// be cleared by the system, which takes a sixth of the CPU of a large compile.
fn keep_memory() {
    // SAFETY: the function writes one number of the allocator and may be called at any time.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
}
