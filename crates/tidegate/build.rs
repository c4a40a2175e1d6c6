//! Tells the linker to lay out the code that runs together (`layout.ld`), so that less of the program has to be in memory.
//!
//! Only for release builds on Linux with the linker that Rust comes with, or the system's: others may not understand the script.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=layout.ld");
    let get = |name: &str| env::var(name).unwrap_or_default();
    let is_own_linker =
        !get("RUSTC_LINKER").is_empty() || get("CARGO_ENCODED_RUSTFLAGS").contains("link");
    if get("CARGO_CFG_TARGET_OS") == "linux" && get("PROFILE") == "release" && !is_own_linker {
        let folder = get("CARGO_MANIFEST_DIR");
        println!("cargo::rustc-link-arg-bins=-T{folder}/layout.ld");
    }
}
