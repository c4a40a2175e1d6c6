//! Keeps code that runs once (`#[cold]`: error paths, the tables of the .NET library) apart from code that serves requests, so that
//! less of the program has to be in memory. Other linkers than LLD ignore the option, with a warning at most.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,keep-text-section-prefix");
    }
}
