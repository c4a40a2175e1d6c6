//! What can stand at the cursor: members of what is before the point, or names that begin an expression.
//!
//! The expression before the point is compiled for its static type; the registry knows that type's members. Nothing is
//! evaluated.

use std::collections::BTreeSet;

use tidegate_expressions::types::{MemberKind, Registry, Type, known, relations};
use tidegate_expressions::{Options, Target, compile};

/// Words that begin or join expressions and statements.
const WORDS: &[&str] = &[
    "as",
    "await",
    "bool",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "checked",
    "const",
    "context",
    "continue",
    "decimal",
    "default",
    "do",
    "double",
    "dynamic",
    "else",
    "false",
    "finally",
    "float",
    "for",
    "foreach",
    "from",
    "if",
    "in",
    "int",
    "is",
    "long",
    "nameof",
    "new",
    "null",
    "object",
    "out",
    "return",
    "sbyte",
    "short",
    "string",
    "switch",
    "throw",
    "true",
    "try",
    "typeof",
    "uint",
    "ulong",
    "unchecked",
    "ushort",
    "using",
    "var",
    "when",
    "where",
    "while",
];

/// Where the word at the end of `text` begins, and what it can become.
pub fn complete(text: &str, options: &Options) -> (usize, Vec<String>) {
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || *c == '_')
        .last()
        .map_or(text.len(), |(at, _)| at);
    let (before, word) = text.split_at(start);
    let before = before.trim_end();
    let names = match before.strip_suffix('.') {
        Some(before) => members(before.strip_suffix('?').unwrap_or(before), options),
        None => first_names(options),
    };
    let found = names
        .into_iter()
        .filter(|name| {
            name.get(..word.len())
                .is_some_and(|beginning| beginning.eq_ignore_ascii_case(word))
        })
        .collect();
    (start, found)
}

fn first_names(options: &Options) -> BTreeSet<String> {
    let types = Registry::get()
        .defs()
        .iter()
        .filter(|def| def.documented || !options.strict)
        .map(|def| def.name.to_string());
    WORDS
        .iter()
        .map(|word| (*word).to_owned())
        .chain(types)
        .collect()
}

/// Names of what can follow the point after `before`.
fn members(before: &str, options: &Options) -> BTreeSet<String> {
    let receiver = operand(before);
    if receiver.is_empty() {
        return BTreeSet::new();
    }
    let source = format!("@({receiver})");
    if let Ok(expression) = compile(&source, Target::Any, options) {
        return instance_members(expression.static_type(), options);
    }
    let registry = Registry::get();
    let simple = receiver.rsplit('.').next().unwrap_or(receiver);
    let keyword = tidegate_expressions::types::registry::keyword(simple);
    let mut names = BTreeSet::new();
    for id in registry.by_name(simple, 0).iter().copied().chain(keyword) {
        let Some(def) = registry.def(id) else {
            continue;
        };
        let own = def.own_type();
        for ty in relations::supertypes(&own) {
            names.extend(named_members(&ty, true, options));
        }
    }
    let inside = format!("{receiver}.");
    for def in registry.defs() {
        if let Some(rest) = def.full_name().strip_prefix(&inside) {
            names.extend(rest.split('.').next().map(str::to_owned));
        }
    }
    names
}

fn instance_members(ty: &Type, options: &Options) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match ty {
        Type::Anonymous(fields) => names.extend(fields.iter().map(|(name, _)| name.to_string())),
        Type::Tuple(tuple) => {
            for (i, name) in tuple.names.iter().enumerate() {
                names.insert(format!("Item{}", i + 1));
                names.extend(name.as_deref().map(str::to_owned));
            }
        }
        _ => {}
    }
    let all = relations::supertypes(ty);
    for ty in &all {
        names.extend(named_members(ty, false, options));
    }
    for def in Registry::get().defs() {
        for member in def.of_kind(MemberKind::Extension) {
            let fits = member.parameters.first().is_some_and(|first| {
                all.iter()
                    .any(|ty| may_be(ty, &first.ty) || *ty == first.ty)
            });
            if fits && (member.documented || !options.strict) {
                names.insert(member.name.to_string());
            }
        }
    }
    names
}

/// Whether `ty` fits a parameter of an extension method, as far as can be said without inference.
fn may_be(ty: &Type, parameter: &Type) -> bool {
    if parameter.mentions_method_param() {
        match (ty, parameter) {
            (_, Type::MethodParam(_)) => true,
            (Type::Named(a, _), Type::Named(b, _)) => a == b,
            (Type::Array(..), Type::Array(..)) => true,
            _ => false,
        }
    } else {
        *ty != Type::OBJECT && relations::is_assignable(ty, parameter)
    }
}

fn named_members<'a>(
    ty: &'a Type,
    statics: bool,
    options: &'a Options,
) -> impl Iterator<Item = String> + 'a {
    // Of a delegate only `Invoke` is there to be called, and it is no declared member.
    let invoke = (ty.is_delegate() && !statics && !ty.is(known::DELEGATE)).then(|| "Invoke".into());
    ty.def()
        .into_iter()
        .flat_map(|def| def.members().iter())
        .filter(move |member| {
            member.is_static == statics
                && matches!(member.kind, MemberKind::Method | MemberKind::Property)
                && (member.documented || !options.strict)
        })
        .map(|member| member.name.to_string())
        .chain(invoke)
}

/// The operand that ends `text`: names, calls and indexers joined by points, back to where another one would begin.
fn operand(text: &str) -> &str {
    let text = text.trim_end();
    let mut depth = 0_usize;
    let mut quoted: Option<char> = None;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        if let Some(quote) = quoted {
            if c == quote && !text.get(..at).is_some_and(|before| before.ends_with('\\')) {
                quoted = None;
            }
            start = at;
            continue;
        }
        match c {
            '"' | '\'' => quoted = Some(c),
            ')' | ']' => depth += 1,
            '(' | '[' if depth > 0 => depth -= 1,
            _ if depth > 0 || c.is_alphanumeric() || matches!(c, '_' | '.' | '?' | '!') => {}
            _ => break,
        }
        start = at;
    }
    let found = text.get(start..).unwrap_or_default();
    // `new JObject()` is one operand though there is a space in it.
    let before = text.get(..start).unwrap_or_default().trim_end();
    let is_new = before.strip_suffix("new").is_some_and(|rest| {
        !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_') && rest.len() + 3 == before.len()
    });
    if is_new {
        text.get(before.len() - 3..).unwrap_or(found)
    } else {
        found.trim_start_matches(['?', '!', '.'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        complete(text, &Options::default()).1
    }

    #[test]
    fn members_of_the_static_type_are_offered() {
        assert_eq!(names("context.Resp"), ["Response"]);
        assert_eq!(
            names("@(context.Response.Status"),
            ["StatusCode", "StatusReason"]
        );
        assert_eq!(names("\"a.b\".Subs"), ["Substring"]);
        assert_eq!(names("1 + \"(\".Trim().Len"), ["Length"]);
        assert!(names("new JObject().Add").contains(&"Add".to_owned()));
        assert!(names("context.Request.Headers.GetV").contains(&"GetValueOrDefault".to_owned()));
        assert!(names("context.Request?.Met").contains(&"Method".to_owned()));
    }

    #[test]
    fn sequences_have_extension_methods_and_numbers_do_not() {
        assert!(names("\"a\".Split(',').Sel").contains(&"Select".to_owned()));
        assert!(names("(5).Sel").is_empty());
    }

    #[test]
    fn types_have_static_members_and_namespaces_have_types() {
        assert_eq!(names("Math.Sq"), ["Sqrt"]);
        assert!(names("int.Par").contains(&"Parse".to_owned()));
        assert!(names("System.Ma").contains(&"Math".to_owned()));
        assert!(names("Enc").contains(&"Encoding".to_owned()));
    }

    #[test]
    fn the_word_begins_where_it_is_replaced() {
        assert_eq!(complete("1 + cont", &Options::default()).0, 4);
        assert_eq!(complete("context.", &Options::default()).0, 8);
    }

    #[test]
    fn odd_input_offers_nothing_and_ends() {
        for text in ["", ".", "..", "(((.", "\"\u{e9}.", ")].", "?.", "'"] {
            let _ = names(text);
        }
    }
}
