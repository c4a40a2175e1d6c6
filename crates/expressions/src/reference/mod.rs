//! The reference of the expression language, out of the code's own tables.
//!
//! The registry of types and the tables of language features and differences flow in, [`listing`] and [`markdown`] flow
//! out: `docs/expressions.md` is the latter, and a test keeps it so. Each example in the tables is evaluated by a test.

mod differences;
mod language;

use std::fmt::Write;

use crate::types::{Kind, Member, MemberKind, Registry, Type, TypeDef, known};

/// An example of something, and the line of [`crate::notation`] that it gives.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What it shows.
    pub about: &'static str,
    /// A policy expression.
    pub source: &'static str,
    /// `type<TAB>text`, `throws TypeName` or `compile CODE`.
    pub outcome: &'static str,
}

/// Examples under a common heading.
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// The heading.
    pub title: &'static str,
    /// The examples in order.
    pub examples: &'static [Example],
}

/// The language's features, each with an example.
#[must_use]
pub fn language() -> &'static [Chapter] {
    language::CHAPTERS
}

/// Where implementations of .NET differ among each other, or Tidegate from all of them, each with an example.
#[must_use]
pub fn differences() -> &'static [Chapter] {
    differences::CHAPTERS
}

/// A type that expressions can name or meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeEntry {
    /// Namespace; empty for the types of `context`, which have none that a policy could write.
    pub namespace: String,
    /// Name with its type parameters, `Dictionary<TKey, TValue>`.
    pub name: String,
    /// `int` of `Int32`.
    pub keyword: Option<&'static str>,
    /// `class`, `static class`, `struct`, `interface`, `enum` or `delegate`.
    pub kind: &'static str,
    /// Base class, unless every type of the kind has it, and interfaces.
    pub bases: Vec<String>,
    /// On API Management's documented list; strict mode takes no other.
    pub documented: bool,
    /// Members declared by the type itself, without inherited ones.
    pub members: Vec<MemberEntry>,
}

/// A member of a [`TypeEntry`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberEntry {
    /// The declaration in C#.
    pub declaration: String,
    /// On API Management's documented list; strict mode takes no other.
    pub documented: bool,
}

/// Every type of the library with its members, ordered by namespace and name.
#[must_use]
pub fn listing() -> Vec<TypeEntry> {
    let mut entries: Vec<TypeEntry> = Registry::get().defs().iter().map(type_entry).collect();
    entries.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    entries
}

/// Namespace under which the registry keeps the types of `context`.
const CONTEXT: &str = "Tidegate";

fn type_entry(def: &TypeDef) -> TypeEntry {
    let mut name = def.name.to_string();
    if !def.parameters.is_empty() {
        let parameters: Vec<String> = def
            .parameters
            .iter()
            .map(|parameter| match parameter.variance {
                0 => parameter.name.clone(),
                v if v > 0 => format!("out {}", parameter.name),
                _ => format!("in {}", parameter.name),
            })
            .collect();
        let _ = write!(name, "<{}>", parameters.join(", "));
    }
    TypeEntry {
        namespace: if &*def.namespace == CONTEXT {
            String::new()
        } else {
            def.namespace.to_string()
        },
        name,
        keyword: def.keyword,
        kind: match def.kind {
            Kind::Class => "class",
            Kind::Static => "static class",
            Kind::Struct => "struct",
            Kind::Interface => "interface",
            Kind::Enum => "enum",
            Kind::Delegate => "delegate",
        },
        bases: def
            .bases
            .iter()
            .filter(|base| {
                ![
                    known::OBJECT,
                    known::VALUE_TYPE,
                    known::ENUM,
                    known::DELEGATE,
                ]
                .into_iter()
                .any(|root| base.is(root))
            })
            .map(|base| spelled(def, base))
            .collect(),
        documented: def.documented,
        members: def
            .members()
            .iter()
            .map(|member| MemberEntry {
                declaration: declaration(def, member),
                documented: member.documented,
            })
            .chain(def.invoke.iter().map(|(parameters, result)| {
                let parameters: Vec<String> = parameters
                    .iter()
                    .map(|parameter| format!("{} {}", spelled(def, &parameter.ty), parameter.name))
                    .collect();
                MemberEntry {
                    declaration: format!(
                        "{} Invoke({})",
                        spelled(def, result),
                        parameters.join(", ")
                    ),
                    documented: def.documented,
                }
            }))
            .collect(),
    }
}

/// A type inside the declaration of `def`, its parameters by name.
fn spelled(def: &TypeDef, ty: &Type) -> String {
    match ty {
        Type::ClassParam(i) => def
            .parameters
            .get(usize::from(*i))
            .map_or_else(|| ty.to_string(), |parameter| parameter.name.clone()),
        Type::Array(element, 1) => format!("{}[]", spelled(def, element)),
        Type::Named(_, Some(args)) if ty.nullable_underlying().is_none() => {
            let name = ty.def().map_or("?", |named| &named.name);
            let args: Vec<String> = args.iter().map(|arg| spelled(def, arg)).collect();
            format!("{name}<{}>", args.join(", "))
        }
        other => other.to_string(),
    }
}

fn declaration(def: &TypeDef, member: &Member) -> String {
    let text = member.signature;
    let accessors = if member.write_only {
        "{ set; }"
    } else if member.set.is_some() {
        "{ get; set; }"
    } else {
        "{ get; }"
    };
    match member.kind {
        MemberKind::Constructor => format!("new {}{text}", def.name),
        MemberKind::Method if member.is_static => format!("static {text}"),
        MemberKind::Method => text.to_owned(),
        MemberKind::Extension | MemberKind::Operator => format!("static {text}"),
        MemberKind::Implicit | MemberKind::Explicit => {
            let kind = if member.kind == MemberKind::Implicit {
                "implicit"
            } else {
                "explicit"
            };
            format!("{kind} operator {}", text.replacen(" (", "(", 1))
        }
        MemberKind::Property if def.kind == Kind::Enum => text.to_owned(),
        MemberKind::Property if member.constant.is_some() => format!("static readonly {text}"),
        MemberKind::Property if member.is_static => format!("static {text} {accessors}"),
        MemberKind::Property | MemberKind::Indexer => format!("{text} {accessors}"),
    }
}

/// The page `docs/expressions.md`.
#[must_use]
pub fn markdown() -> String {
    let entries = listing();
    let members: usize = entries.iter().map(|entry| entry.members.len()).sum();
    let mut page = String::from(include_str!("introduction.md"));
    let _ = write!(
        page,
        "\n## Language\n\nEach example is evaluated by a test; the right column is what `tidegate eval` prints.\n"
    );
    chapters(&mut page, language());
    page.push('\n');
    page.push_str(include_str!("strict.md"));
    page.push('\n');
    page.push_str(include_str!("differences.md"));
    chapters(&mut page, differences());
    page.push('\n');
    page.push_str(include_str!("left_out.md"));
    page.push('\n');
    page.push_str(include_str!("differential.md"));
    let _ = write!(
        page,
        "\n## Library\n\n{} types with {members} members of their own; inherited members are listed where they are declared. What is \
         marked *beyond the documentation* is refused with `--strict`.\n",
        entries.len()
    );
    let mut namespace = None;
    for entry in &entries {
        if namespace != Some(&entry.namespace) {
            namespace = Some(&entry.namespace);
            if entry.namespace.is_empty() {
                page.push_str("\n### The types of `context`\n");
            } else {
                let _ = write!(page, "\n### {}\n", entry.namespace);
            }
        }
        describe(&mut page, entry);
    }
    page
}

fn chapters(page: &mut String, chapters: &[Chapter]) {
    for chapter in chapters {
        let _ = write!(
            page,
            "\n### {}\n\n| | Example | Result |\n| --- | --- | --- |\n",
            chapter.title
        );
        for example in chapter.examples {
            let _ = writeln!(
                page,
                "| {} | {} | {} |",
                example.about,
                code(example.source),
                code(&example.outcome.replace('\t', " "))
            );
        }
    }
}

/// Text as code in a cell of a table.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

fn describe(page: &mut String, entry: &TypeEntry) {
    let _ = write!(page, "\n#### {}\n\n", entry.name.replace('<', "\\<"));
    let keyword = entry
        .keyword
        .map(|keyword| format!(" (`{keyword}`)"))
        .unwrap_or_default();
    let beyond = if entry.documented {
        ""
    } else {
        "; beyond the documentation"
    };
    let bases = if entry.bases.is_empty() {
        String::new()
    } else {
        format!(" : `{}`", entry.bases.join("`, `"))
    };
    let _ = writeln!(page, "{}{keyword}{bases}{beyond}", entry.kind);
    if entry.members.is_empty() {
        return;
    }
    if entry.kind == "enum" {
        let names: Vec<String> = entry
            .members
            .iter()
            .map(|member| format!("`{}`", member.declaration))
            .collect();
        let _ = write!(page, "\n{}\n", names.join(", "));
        return;
    }
    page.push_str("\n```csharp\n");
    for member in &entry.members {
        page.push_str(&member.declaration);
        if entry.documented && !member.documented {
            page.push_str(" // beyond the documentation");
        }
        page.push('\n');
    }
    page.push_str("```\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Nowhere;
    use crate::{Options, notation};

    #[test]
    fn every_example_gives_what_the_page_says() {
        let mut wrong = Vec::new();
        for chapter in language().iter().chain(differences()) {
            for example in chapter.examples {
                let mut host = Nowhere::default();
                let found =
                    notation::evaluate(example.source, &Options::default(), &mut host).to_string();
                if found != example.outcome {
                    wrong.push(format!(
                        "{}\n    expected {}\n    found    {found}",
                        example.source, example.outcome
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_listing_spells_declarations_in_csharp() {
        let entries = listing();
        let has = |namespace: &str, name: &str, declaration: &str| {
            entries
                .iter()
                .filter(|entry| entry.namespace == namespace && entry.name == name)
                .any(|entry| entry.members.iter().any(|m| m.declaration == declaration))
        };
        assert!(has("System", "String", "int Length { get; }"));
        assert!(has("System", "Int32", "static readonly int MaxValue"));
        assert!(has("", "IUrl", "string Host { get; }"));
        assert!(has(
            "System",
            "Func<in T, out TResult>",
            "TResult Invoke(T arg)"
        ));
        assert!(has("System", "DayOfWeek", "Monday"));
        let list = entries.iter().find(|entry| entry.name == "List<T>");
        assert!(list.is_some_and(|list| list.bases.contains(&"IList<T>".to_owned())));
        assert!(
            entries
                .iter()
                .any(|e| e.keyword == Some("int") && e.kind == "struct")
        );
        assert!(
            entries
                .iter()
                .flat_map(|e| &e.members)
                .any(|m| !m.documented)
        );
    }
}
