//! Tells the linker to lay out the code that runs together (`layout.ld`), so that less of the program has to be in memory.
//!
//! Only for release builds on Linux with the linker that Rust comes with, or the system's: others may not understand the script.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=layout.ld");
    let get = |name: &str| env::var(name).unwrap_or_default();
    // Each flag is `-Clink-arg=…`, or `-C` and `link-arg=…`.
    let flags = get("CARGO_ENCODED_RUSTFLAGS");
    let is_own_linker = !get("RUSTC_LINKER").is_empty()
        || flags
            .split('\u{1f}')
            .any(|flag| flag.trim_start_matches("-C").starts_with("link"));
    if get("CARGO_CFG_TARGET_OS") == "linux" && get("PROFILE") == "release" && !is_own_linker {
        let folder = get("CARGO_MANIFEST_DIR");
        println!("cargo::rustc-link-arg-bins=-T{folder}/layout.ld");
    }
}
