//! The order in which the linker lays out Tidegate's code: what runs lies together.
//!
//! In: the release build, and that guided by a profile where there is one, run under callgrind with every configuration and kind
//! of traffic. Out: `crates/tidegate/layout.ld`, a linker script that names the functions that ran, those that ran most first. Linux
//! maps code in blocks of 64 KiB around each page that is touched; when the fifth of the code that runs is strewn over all of
//! it, nearly all of it is resident.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::callgrind;
use crate::peers::{Folders, Peer, Ports};
use crate::scenario::Scenario;
use crate::table::{Cores, start_mock};

/// Requests of each kind of traffic; streams are a tenth.
const REQUESTS: usize = 300;
/// A module is named as a whole when at least this share of its code has run: what is written there next will likely run as well.
const MODULE_SHARE: f64 = 0.8;
/// One name stands for all instances of a generic function, unless less than this share of them has run: then those that have are
/// named with their hashes. These hold as long as the types do.
const GENERIC_SHARE: f64 = 1.0 / 3.0;

const HEAD: &str = "\
/* The functions that run, together: less of the program has to be in memory. Written by
   `cargo run --release -p tidegate-bench -- layout` from a profile; names of functions that are no more do no harm. */
";

/// Profiles the release build and writes the script. Returns what it has done, in words.
pub fn run() -> Result<String, String> {
    if !callgrind::available() {
        return Err(
            "valgrind is not installed: run `cargo run --release -p tidegate-bench -- setup`"
                .into(),
        );
    }
    let folders = Folders::here().map_err(|error| error.to_string())?;
    // What one build puts into its callers the other has as functions: both find what they know.
    let mut chosen = BTreeMap::new();
    for build in folders.builds() {
        let mut costs = HashMap::new();
        for peer in Peer::all(&folders) {
            if matches!(peer, Peer::Tidegate(_, of) if of == build) {
                profile(&peer, &folders, &mut costs)?;
            }
        }
        let mut root = Module::default();
        for (name, size) in &symbols(folders.program(build))? {
            root.add(name, *size, costs.get(name).copied());
        }
        root.choose(None, &mut chosen);
    }
    let mut chosen: Vec<(String, Chosen)> = chosen.into_iter().collect();
    chosen.sort_by_key(|(_, one)| std::cmp::Reverse(one.cost));

    let mut script = format!("{HEAD}SECTIONS\n{{\n  .text.profiled :\n  {{\n");
    for (pattern, _) in &chosen {
        let _ = writeln!(script, "    *(.text*.{pattern})");
    }
    script.push_str("  }\n}\nINSERT BEFORE .text;\n");
    let path = folders.bench.join("../crates/tidegate/layout.ld");
    fs::write(&path, script).map_err(|error| error.to_string())?;
    let sum =
        |part: fn(&Chosen) -> u64| chosen.iter().map(|(_, one)| part(one)).sum::<u64>() / 1024;
    Ok(format!(
        "{} names, {} KiB of code, of which {} KiB have run",
        chosen.len(),
        sum(|one| one.size),
        sum(|one| one.ran)
    ))
}

/// Adds the instructions each function has spent itself, all kinds of traffic together.
fn profile(peer: &Peer, folders: &Folders, costs: &mut HashMap<String, u64>) -> Result<(), String> {
    let ports = Ports::default();
    let _mock = start_mock(folders, ports, Cores::here())
        .map_err(|error| format!("the mock upstream: {error}"))?;
    let traffic = Scenario::traffic(REQUESTS);
    let text = callgrind::profile(&peer.command(folders, ports)?, folders, ports, &traffic)?;
    add_costs(&text, costs);
    Ok(())
}

/// Reads callgrind's format: `fn=(id) name` opens a function, lines of numbers are its costs, but for the one behind `calls=`.
fn add_costs(text: &str, costs: &mut HashMap<String, u64>) {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut own: HashMap<&str, u64> = HashMap::new();
    let mut function = "";
    let mut is_of_callee = false;
    for line in text.lines() {
        let named = line.strip_prefix("fn=").or(line.strip_prefix("cfn="));
        if let Some(named) = named {
            let (id, name) = named.split_once(' ').unwrap_or((named, ""));
            if !name.is_empty() {
                names.insert(id, name);
            }
            if line.starts_with("fn=") {
                function = id;
            }
        } else if line.starts_with("calls=") {
            is_of_callee = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let spent = line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
            if !std::mem::take(&mut is_of_callee) {
                *own.entry(function).or_default() += spent.unwrap_or(0u64);
            }
        }
    }
    for (id, spent) in own {
        // Recursive calls are functions of their own to callgrind: 'name'2.
        let name = names.get(id).copied().unwrap_or_default();
        let name = name.split('\'').next().unwrap_or_default();
        *costs.entry(name.to_owned()).or_default() += spent;
    }
}

/// The sizes of all functions of the release build.
fn symbols(program: &Path) -> Result<BTreeMap<String, u64>, String> {
    let output = Command::new("nm")
        .args(["--print-size", "--defined-only"])
        .arg(program)
        .output()
        .map_err(|error| format!("nm (of binutils): {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut sizes = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, size, "t" | "T" | "w" | "W", name] = words.as_slice() {
            let size = u64::from_str_radix(size, 16).map_err(|error| error.to_string())?;
            *sizes.entry((*name).to_owned()).or_default() += size;
        }
    }
    Ok(sizes)
}

/// A crate, a module, a type or a function, by its part of a mangled name.
#[derive(Default)]
struct Module {
    parts: BTreeMap<String, Module>,
    /// The functions of that name that ran, with their hashes.
    instances: Vec<(String, Chosen)>,
    whole: Chosen,
}

/// What is known of the code that a pattern stands for.
#[derive(Default, Clone, Copy)]
struct Chosen {
    size: u64,
    ran: u64,
    cost: u64,
}

impl Module {
    fn add(&mut self, name: &str, size: u64, cost: Option<u64>) {
        let mut module = self;
        for pattern in patterns(name) {
            module = module.parts.entry(pattern).or_default();
            module.whole.size += size;
            if let Some(cost) = cost {
                module.whole.ran += size;
                module.whole.cost = module.whole.cost.max(cost);
            }
        }
        if let Some(cost) = cost {
            let ran = size;
            module
                .instances
                .push((exact(name), Chosen { size, ran, cost }));
        }
    }

    /// The patterns for what has run; of what two builds say the larger counts.
    fn choose(&self, pattern: Option<&str>, chosen: &mut BTreeMap<String, Chosen>) {
        let share = self.whole.ran as f64 / self.whole.size.max(1) as f64;
        let mut take = |pattern: &str, one: Chosen| {
            let known = chosen.entry(pattern.to_owned()).or_default();
            if one.cost >= known.cost {
                *known = one;
            }
        };
        match pattern {
            Some(_) if self.whole.ran == 0 => {}
            Some(pattern) if share >= MODULE_SHARE => take(pattern, self.whole),
            Some(pattern) if self.parts.is_empty() && share >= GENERIC_SHARE => {
                take(pattern, self.whole);
            }
            Some(_) if self.parts.is_empty() => {
                for (name, one) in &self.instances {
                    take(name, *one);
                }
            }
            _ => {
                for (pattern, part) in &self.parts {
                    part.choose(Some(pattern), chosen);
                }
            }
        }
    }
}

/// A name as it is, but for what the optimiser appends.
fn exact(name: &str) -> String {
    match name.find(".llvm.") {
        Some(end) => format!("{}*", &name[..end]),
        None => name.to_owned(),
    }
}

/// The patterns that match a function's section, from its crate's to its own. Hashes are left out: they change with every build.
fn patterns(name: &str) -> Vec<String> {
    let Some(mut rest) = name.strip_prefix("_ZN") else {
        return vec![without_hashes(name)];
    };
    let mut found = Vec::new();
    // Each part is its length and its text; the last one is a hash of 17 characters.
    while let Some(end) = rest
        .find(|c: char| !c.is_ascii_digit())
        .filter(|end| *end > 0)
    {
        let length: usize = rest[..end].parse().unwrap_or_default();
        let Some(part) = rest.get(end..end + length) else {
            break;
        };
        if length == 17 && part.starts_with('h') {
            break;
        }
        rest = &rest[end + length..];
        found.push(format!("{}*", &name[..name.len() - rest.len()]));
    }
    // The function itself ends with the hash: `foo` is not `foo_bar`'s crate, nor `foo`'s closures.
    if let Some(last) = found.last_mut() {
        last.pop();
        last.push_str("17h*");
    }
    found
}

/// A name of the newer mangling, or a C function's, with a star for each crate's hash and for what the optimiser appends.
fn without_hashes(name: &str) -> String {
    let is_rust = name.starts_with("_R");
    let mut pattern = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("Cs").filter(|_| is_rust) {
        let hash = &rest[at + 2..];
        let length = hash
            .find(|c: char| !c.is_ascii_alphanumeric())
            .filter(|end| hash[*end..].starts_with('_'));
        pattern.push_str(&rest[..at + 2]);
        rest = hash;
        if let Some(length) = length {
            pattern.push_str("*_");
            rest = &hash[length + 1..];
        }
    }
    pattern.push_str(rest);
    match pattern.find('.') {
        Some(at) => format!("{}*", &pattern[..at]),
        None => pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_its_crate_its_module_and_its_name() {
        assert_eq!(
            patterns("_ZN8tidegate8commands3run17h0123456789abcdefE.llvm.99"),
            [
                "_ZN8tidegate*",
                "_ZN8tidegate8commands*",
                "_ZN8tidegate8commands3run17h*"
            ]
        );
        assert_eq!(patterns("memcpy"), ["memcpy"]);
        assert_eq!(patterns("sort.constprop.0"), ["sort*"]);
        assert_eq!(
            patterns("_RNvXsZ_NtCslNYArtu3iFV_5alloc6stringNtB5_6String"),
            ["_RNvXsZ_NtCs*_5alloc6stringNtB5_6String"]
        );
    }

    #[test]
    fn costs_are_a_functions_own() {
        let mut costs = HashMap::new();
        let text =
            "fn=(1) a\n10 5\ncfn=(2) b\ncalls=1 0\n10 100\n+1 2\nfn=(2)\n* 7\nfn=(3) a'2\n1 1\n";
        add_costs(text, &mut costs);
        assert_eq!(costs.get("a"), Some(&8));
        assert_eq!(costs.get("b"), Some(&7));
    }

    #[test]
    fn modules_that_run_are_named_as_a_whole() {
        let mut root = Module::default();
        root.add("_ZN1a1f17h0000000000000000E", 90, Some(1));
        root.add("_ZN1a1g17h0000000000000000E", 20, None);
        root.add("_ZN1b1f17h0000000000000000E", 10, Some(9));
        root.add("_ZN1b1g17h0000000000000000E", 90, None);
        root.add("_ZN1c1f17h0000000000000000E", 10, Some(1));
        root.add("_ZN1c1f17h1111111111111111E", 200_000, None);
        let mut chosen = BTreeMap::new();
        root.choose(None, &mut chosen);
        let names: Vec<&str> = chosen.keys().map(String::as_str).collect();
        let instance = "_ZN1c1f17h0000000000000000E";
        assert_eq!(names, ["_ZN1a*", "_ZN1b1f17h*", instance]);
    }
}
