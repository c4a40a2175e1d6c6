//! Memory: what the code under test holds at one moment is bounded. Beyond the bound an allocation fails, which ends
//! the process, which the fuzzer reports.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Sixteen times the accounted bytes of [`crate::tight`], plus what the tables of the library take.
const HELD: usize = 192 << 20;

/// Puts the bound in force.
pub fn bound_memory() {
    // It fails only if more than that is held already.
    MEMORY.set_limit(HELD).expect("little memory at the start");
}
