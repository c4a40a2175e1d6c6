//! Help that follows from types: which cast, which method, which index was meant.

use crate::syntax::ast::BinaryOp;
use crate::types::registry::Registry;
use crate::types::relations::{self, Num};
use crate::types::{Type, known};

/// One text out of a header's or parameter's several.
const ONE_OF_SEVERAL: &str = "the value is an array of texts: take `[0]`, or `GetValueOrDefault(name, default)` for all of them in one text";

/// Whether values of the type have such a member, declared or inherited.
fn has_own(ty: &Type, name: &str) -> bool {
    relations::lookup_types(ty).iter().any(|owner| {
        owner
            .def()
            .is_some_and(|def| def.named(name).next().is_some())
    })
}

/// The same, extension methods included.
fn has(ty: &Type, name: &str) -> bool {
    has_own(ty, name)
        || Registry::get().extensions(name).any(|member| {
            member.parameters.first().is_some_and(|p| match &p.ty {
                Type::Named(id, _) => relations::as_super(ty, *id).is_some(),
                _ => false,
            })
        })
}

fn is_token(ty: &Type) -> bool {
    relations::as_super(ty, known::JTOKEN).is_some()
}

fn is_texts(ty: &Type) -> bool {
    *ty == Type::array(Type::STRING)
}

fn is_bytes(ty: &Type) -> bool {
    *ty == Type::array(Type::BYTE)
}

fn is_body(ty: &Type) -> bool {
    ty.def().is_some_and(|def| &*def.name == "IMessageBody")
}

/// What to write where a value of type `from` is not one of `to`.
pub(super) fn conversion(from: &Type, to: &Type) -> Option<String> {
    let number = Num::of(to.unwrap_nullable()).is_some();
    if is_texts(from) && (*to == Type::STRING || number) {
        return Some(ONE_OF_SEVERAL.into());
    }
    if is_body(from) {
        return Some("read the body: `.As<string>()`, `.As<JObject>()`".into());
    }
    if *from == Type::CHAR && *to == Type::STRING {
        return Some("text stands in double quotes".into());
    }
    if *from == Type::STRING && is_bytes(to) {
        return Some("write `Encoding.UTF8.GetBytes(…)`".into());
    }
    if is_bytes(from) && *to == Type::STRING {
        return Some("write `Encoding.UTF8.GetString(…)` or `Convert.ToBase64String(…)`".into());
    }
    if *from == Type::STRING && (number || *to == Type::BOOL) {
        return Some(if *to == Type::BOOL {
            "compare it: `x == \"…\"`, `!string.IsNullOrEmpty(x)`, or read it with `bool.Parse(…)`"
                .into()
        } else {
            format!("write `{}.Parse(…)`", to.unwrap_nullable())
        });
    }
    if *to == Type::STRING && from.is_value_type() {
        return Some("write `.ToString()`".into());
    }
    if *to == Type::BOOL && Num::of(from).is_some() {
        return Some("compare it: `x != 0`".into());
    }
    None
}

/// What to write where an operator does not take its operands.
pub(super) fn operands(op: BinaryOp, left: &Type, right: &Type) -> Option<String> {
    if matches!(op, BinaryOp::AndAlso | BinaryOp::OrElse) {
        let wrong = if *left == Type::BOOL { right } else { left };
        return conversion(wrong, &Type::BOOL);
    }
    for (this, other) in [(left, right), (right, left)] {
        if is_token(this) && !is_token(other) && *other != Type::Null {
            return Some(format!("cast the token first: `({other})token`"));
        }
        if *this == Type::OBJECT && *other != Type::Null {
            return Some(format!("cast the `object` first: `({other})x`"));
        }
        if is_texts(this) && *other == Type::STRING {
            return Some(ONE_OF_SEVERAL.into());
        }
        if *this == Type::CHAR && *other == Type::STRING {
            return Some("write the single character in single quotes: `'a'`".into());
        }
        if *this == Type::STRING && Num::of(other).is_some() {
            return Some(format!(
                "compare with a number, or read one from the text: `{other}.Parse(…)`"
            ));
        }
        if this.def().is_some_and(|d| &*d.name == "TimeSpan") && Num::of(other).is_some() {
            return Some("take a number of it, such as `.TotalSeconds`, or compare with `TimeSpan.FromSeconds(…)`".into());
        }
    }
    None
}

/// Members that values have only as text.
pub(super) fn of_text(ty: &Type, name: &str) -> Option<String> {
    (ty.is_value_type() && has_own(&Type::STRING, name))
        .then(|| format!("make it text first: `.ToString().{name}`"))
}

/// What to write for a member that the type does not have and that is close to none of its own.
pub(super) fn member(ty: &Type, name: &str) -> Option<String> {
    if is_texts(ty) && has(&Type::STRING, name) {
        return Some(ONE_OF_SEVERAL.into());
    }
    if *ty == Type::OBJECT {
        let wanted = [
            ("string", Type::STRING),
            ("JObject", Type::Named(known::JTOKEN, None)),
        ]
        .into_iter()
        .find(|(_, candidate)| has(candidate, name))
        .map_or("T", |(word, _)| word);
        return Some(format!(
            "the value is an `object` here: cast it first, `(({wanted})…).{name}`; or `GetValueOrDefault<{wanted}>(name)`"
        ));
    }
    let keyed = is_token(ty)
        || ty.def().is_some_and(|d| {
            matches!(
                &*d.name,
                "IReadOnlyDictionary" | "Dictionary" | "IDictionary"
            )
        });
    keyed.then(|| format!("an entry is read with `[\"{name}\"]`"))
}

/// Members of other languages' and libraries' types.
pub(super) fn foreign(ty: &Type, name: &str) -> Option<&'static str> {
    let text = *ty == Type::STRING;
    if ["Count", "Length"]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name) && has_own(ty, own))
    {
        return None;
    }
    let word = match name {
        "includes" | "contains" | "has" | "Includes" if !text => "Contains",
        "includes" => "Contains",
        "size" | "Size" | "Count" | "count" if text || matches!(ty, Type::Array(..)) => "Length",
        "size" | "Size" | "Length" | "length" if has_own(ty, "Count") => "Count",
        "size" | "Size" | "Length" | "length" => "Count()",
        "toUpperCase" | "upper" => "ToUpper",
        "toLowerCase" | "lower" => "ToLower",
        "push" | "append" if !text => "Add",
        "map" => "Select",
        "filter" => "Where",
        "reduce" => "Aggregate",
        "some" => "Any",
        "every" => "All",
        "find" if !text => "FirstOrDefault",
        "HasKey" | "Has" | "Exists" | "Contains" => "ContainsKey",
        "Get" | "GetValue" | "get" => "GetValueOrDefault",
        "Substr" | "substr" | "slice" => "Substring",
        "QueryString" | "PathAndQuery" => "Url.QueryString",
        _ => return None,
    };
    let known = word.trim_end_matches("()");
    let first = known.split('.').next().unwrap_or(known);
    has(ty, first).then_some(word)
}

/// What to write where a method wants something else than the elements of its sequence.
pub(super) fn element(sequence: &Type, element: &Type, found: &Type) -> Option<String> {
    if has_own(sequence, "ContainsKey") {
        return Some("ask for a key with `ContainsKey(…)`".into());
    }
    if *found == Type::STRING && has_own(element, "Name") {
        return Some("write `Any(x => x.Name == …)`".into());
    }
    conversion(found, element)
}
