//! Form bodies: `AsFormUrlEncodedContent`, `ToFormUrlEncodedContent` and `ToQueryString`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{body, map};
use crate::dotnet::collections::{self, Dictionary, KeyComparer, dispatch};
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types, known};
use crate::value::{Str, Value};

/// What form encoding leaves as it is, besides letters and digits.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'*')
    .remove(b'(')
    .remove(b')');

/// What a query leaves as it is, besides letters and digits.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// `AsFormUrlEncodedContent`
pub(super) fn read(c: &mut Call<'_, '_>) -> R<Value> {
    let preserve = c.bool(1)?;
    let text = body::read_text(c, preserve)?;
    let parts = text.split('&').count();
    c.rt.spend(1 + parts as u64)?;
    c.rt.allocate(text.len().saturating_add(parts.saturating_mul(128)))?;
    let list = Type::generic(known::ILIST, [Type::STRING]);
    let form = Dictionary::new(Type::STRING, list, KeyComparer::Default);
    for part in text.trim().split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (
            Value::Str(map::decode(name)),
            Value::Str(map::decode(value)),
        );
        match form.get(&name) {
            Some(values) => {
                if let Some(values) = values.as_object::<collections::List>() {
                    values.items.borrow_mut().push(value);
                }
            }
            None => form.set(name, collections::list(Type::STRING, vec![value])),
        }
    }
    Ok(Value::object(form))
}

fn encode(text: &Str, set: &'static AsciiSet) -> String {
    let encoded = utf8_percent_encode(&text.to_utf8(), set).to_string();
    // A space of the text is `%20` now; a percent sign of its own is `%25`.
    if std::ptr::eq(set, FORM) {
        encoded.replace("%20", "+")
    } else {
        encoded
    }
}

/// `name=value` joined by `&`, one for each value.
fn write(c: &mut Call<'_, '_>, set: &'static AsciiSet) -> R<String> {
    let form = c.required(0)?;
    let mut out = String::new();
    for (name, values) in dispatch::pairs(c.rt, &form)? {
        let Value::Str(name) = name else {
            return Err(Fault::argument_null("key"));
        };
        let name = encode(&name, set);
        for value in c.rt.collect(&values)? {
            if !out.is_empty() {
                out.push('&');
            }
            let value = c.rt.to_text(&value)?;
            c.rt.allocate(name.len() + value.len() * 3)?;
            out.push_str(&name);
            out.push('=');
            out.push_str(&encode(&value, set));
        }
    }
    Ok(out)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("Tidegate.FormExtensions");
    t.extension(
        "string ToFormUrlEncodedContent(this IDictionary<string, IList<string>> dictionary)",
        |c| Ok(Str::from(write(c, FORM)?).into()),
    );
    t.extension(
        "string ToQueryString(this IDictionary<string, IList<string>> dictionary)",
        |c| {
            let query = write(c, QUERY)?;
            Ok(if query.is_empty() {
                Value::Null
            } else {
                Str::from(format!("?{query}")).into()
            })
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_queries_escape_differently() {
        let text = Str::from("a b&ü~(1)");
        assert_eq!(encode(&text, FORM), "a+b%26%C3%BC%7E(1)");
        assert_eq!(encode(&text, QUERY), "a%20b%26%C3%BC~%281%29");
    }
}
