//! The library's members as the generator needs them: all of them, and those that give a type.

use std::collections::HashMap;
use std::sync::OnceLock;

use tidegate_expressions::types::{Member, MemberKind, Registry, Type};

/// Every member that can be called or read, and which of them give a type, by the type's definition.
pub struct Library {
    /// In the order of the tables.
    pub members: Vec<&'static Member>,
    by_result: HashMap<String, Vec<&'static Member>>,
}

impl Library {
    /// The process's library.
    pub fn get() -> &'static Library {
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        LIBRARY.get_or_init(|| {
            let members: Vec<&Member> = Registry::get()
                .defs()
                .iter()
                .flat_map(|def| def.members())
                .filter(|member| {
                    !matches!(member.kind, MemberKind::Implicit | MemberKind::Explicit)
                })
                .collect();
            let mut by_result: HashMap<String, Vec<&Member>> = HashMap::new();
            for member in &members {
                by_result
                    .entry(key(&member.result))
                    .or_default()
                    .push(member);
            }
            Library { members, by_result }
        })
    }

    /// Members whose result has the definition of `ty`, whatever the arguments.
    pub fn giving(&self, ty: &Type) -> &[&'static Member] {
        self.by_result.get(&key(ty)).map_or(&[], Vec::as_slice)
    }
}

fn key(ty: &Type) -> String {
    match ty {
        Type::Array(element, rank) => format!("{}[{rank}]", key(element)),
        other => other.reflection_name(),
    }
}
