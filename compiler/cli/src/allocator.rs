//! The allocator: mimalloc, by the shortest way.
//!
//! A compiler makes many small things and drops them together: up to a quarter less CPU than with the
//! allocator of the C library, for a tenth more memory. Version 3 of mimalloc takes more memory still. The
//! usual bindings ask for an alignment with each call, which takes twice as long as to ask for none.

use std::alloc::{GlobalAlloc, Layout};

use libmimalloc_sys as mi;

/// What mimalloc aligns to by itself, down to the smallest size.
const USUAL: usize = align_of::<usize>();

/// `mi_option_purge_delay`, for which the bindings have no name.
const PURGE_DELAY: mi::mi_option_t = 15;

/// Keeps freed memory for later instead of giving it back to the system after a while. What comes back must
/// be cleared by the system, which takes a sixth of the CPU of a large compile.
pub(crate) fn keep_memory() {
    // SAFETY: the function writes one number of the allocator and may be called at any time.
    unsafe { mi::mi_option_set(PURGE_DELAY, -1) };
}

/// mimalloc as the allocator of the process.
pub(crate) struct Allocator;

// SAFETY: each function hands on what its caller promises, and mimalloc gives blocks of the size and the
// alignment that were asked for: without a wish, of that of a pointer at least, whatever the size.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: sizes and alignments of layouts are valid.
        unsafe {
            match layout.align() <= USUAL {
                true => mi::mi_malloc(layout.size()).cast(),
                false => mi::mi_malloc_aligned(layout.size(), layout.align()).cast(),
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            match layout.align() <= USUAL {
                true => mi::mi_zalloc(layout.size()).cast(),
                false => mi::mi_zalloc_aligned(layout.size(), layout.align()).cast(),
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        // SAFETY: the block comes from one of the other functions.
        unsafe { mi::mi_free(block.cast()) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the block comes from one of the other functions.
        unsafe {
            match layout.align() <= USUAL {
                true => mi::mi_realloc(block.cast(), new_size).cast(),
                false => mi::mi_realloc_aligned(block.cast(), new_size, layout.align()).cast(),
            }
        }
    }
}
