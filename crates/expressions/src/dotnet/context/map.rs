//! The read-only dictionaries of `context`: headers, query, matched parameters, variables, and claims of a token.
//!
//! Header and query names are compared without regard to case, all others exactly. Lookups ask the host; only an
//! enumeration copies entries.

use std::rc::Rc;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode;

use super::response::ResponseObject;
use crate::dotnet::collections;
use crate::runtime::{R, Runtime};
use crate::types::{Type, known};
use crate::value::{HostObject, Iter, Object, Ready, Record, Str, Value};

/// Names with their values.
pub(super) type Entries = Vec<(Str, Vec<Str>)>;

/// A dictionary of string arrays that is no live part of the exchange.
pub(crate) struct ReadOnlyMap(Source);

enum Source {
    /// Headers of a stored response.
    Headers(Rc<ResponseObject>),
    /// Names with their values; the flag says that names are compared without regard to case.
    Entries(Rc<Entries>, bool),
}

impl ReadOnlyMap {
    /// The headers of a stored response.
    pub(super) fn headers_of(response: Rc<ResponseObject>) -> Value {
        Value::object(Self(Source::Headers(response)))
    }

    /// These entries.
    pub(super) fn multi(entries: Rc<Entries>, ignore_case: bool) -> Value {
        Value::object(Self(Source::Entries(entries, ignore_case)))
    }

    /// The value of that name, a `string[]`.
    pub(crate) fn get(&self, name: &Str) -> Option<Value> {
        match &self.0 {
            Source::Headers(response) => header(&response.headers, name).map(array),
            Source::Entries(entries, ignore_case) => {
                find(entries, name, *ignore_case).map(|values| array(values.to_vec()))
            }
        }
    }

    /// The number of names.
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Source::Headers(response) => response.headers.keys_len(),
            Source::Entries(entries, _) => entries.len(),
        }
    }

    /// All entries in order.
    pub(crate) fn pairs(&self) -> Vec<(Str, Value)> {
        match &self.0 {
            Source::Headers(response) => header_pairs(&response.headers),
            Source::Entries(entries, _) => entries
                .iter()
                .map(|(name, values)| (name.clone(), array(values.clone())))
                .collect(),
        }
    }
}

impl Object for ReadOnlyMap {
    fn type_of(&self) -> Type {
        Type::generic(
            known::IREADONLY_DICTIONARY,
            [Type::STRING, Type::array(Type::STRING)],
        )
    }

    fn iterate(self: Rc<Self>, rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let entries = self.pairs();
        rt.allocate(entries.len().saturating_mul(64))?;
        let ty = pair_type(Type::array(Type::STRING));
        Ok(Some(Box::new(Ready(
            entries
                .into_iter()
                .map(move |(name, value)| pair(&ty, name, value)),
        ))))
    }
}

/// `KeyValuePair<string, value>`
pub(super) fn pair_type(value: Type) -> Type {
    Type::generic(known::KEY_VALUE_PAIR, [Type::STRING, value])
}

/// An entry as a `KeyValuePair`.
pub(super) fn pair(ty: &Type, name: Str, value: Value) -> Value {
    Record::value(ty.clone(), vec![name.into(), value])
}

/// The type of a dictionary's values.
pub(super) fn value_type(host: HostObject) -> Type {
    match host {
        HostObject::MatchedParameters => Type::STRING,
        HostObject::Variables => Type::OBJECT,
        _ => Type::array(Type::STRING),
    }
}

fn array(values: Vec<Str>) -> Value {
    collections::array(Type::STRING, values.into_iter().map(Value::Str).collect())
}

/// A header's text; bytes that are no UTF-8 are taken for Latin-1, as HTTP once had it.
fn header_text(value: &HeaderValue) -> Str {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Str::from(text),
        Err(_) => Str::from(
            value
                .as_bytes()
                .iter()
                .copied()
                .map(char::from)
                .collect::<String>(),
        ),
    }
}

/// The values of a header; `None` when it is absent.
fn header(headers: &HeaderMap, name: &Str) -> Option<Vec<Str>> {
    let name = HeaderName::from_bytes(name.as_str()?.as_bytes()).ok()?;
    let values: Vec<Str> = headers.get_all(name).iter().map(header_text).collect();
    (!values.is_empty()).then_some(values)
}

fn header_pairs(headers: &HeaderMap) -> Vec<(Str, Value)> {
    headers
        .keys()
        .map(|name| {
            let values = headers.get_all(name).iter().map(header_text).collect();
            (Str::from(name.as_str()), array(values))
        })
        .collect()
}

fn find<'a>(entries: &'a Entries, name: &Str, ignore_case: bool) -> Option<&'a [Str]> {
    entries
        .iter()
        .find(|(n, _)| n == name || (ignore_case && same_name(n, name)))
        .map(|(_, values)| values.as_slice())
}

fn same_name(a: &Str, b: &Str) -> bool {
    match (a.as_ascii(), b.as_ascii()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => crate::dotnet::text::to_upper(a) == crate::dotnet::text::to_upper(b),
    }
}

/// The parameters of a query string or form, decoded, values of one name together.
pub(super) fn query_entries(query: &str) -> Entries {
    let mut entries = Entries::new();
    let query = query.strip_prefix('?').unwrap_or(query);
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (decode(name), decode(value));
        match entries.iter_mut().find(|(n, _)| same_name(n, &name)) {
            Some((_, values)) => values.push(value),
            None => entries.push((name, vec![value])),
        }
    }
    entries
}

/// Undoes form encoding: `+` is a space, `%xx` are bytes of UTF-8.
pub(super) fn decode(text: &str) -> Str {
    if !text.contains(['+', '%']) {
        return Str::from(text);
    }
    let spaced = text.replace('+', " ");
    Str::from(percent_decode(spaced.as_bytes()).decode_utf8_lossy())
}

fn query(original: bool, rt: &mut Runtime<'_>) -> R<Entries> {
    let text = if original {
        rt.host.original_url().query.to_owned()
    } else {
        rt.host.url().query.to_owned()
    };
    // Each name is compared with those before it.
    let parts = text.split('&').count() as u64;
    rt.spend(1 + parts.saturating_mul(parts) / 64)?;
    rt.allocate(text.len())?;
    Ok(query_entries(&text))
}

/// The value of that name in a dictionary of `context`; `None` also for parts that are no dictionary.
pub(crate) fn get(host: HostObject, rt: &mut Runtime<'_>, name: &Str) -> R<Option<Value>> {
    Ok(match host {
        HostObject::Headers(side) => rt
            .host
            .headers(side)
            .and_then(|headers| header(headers, name))
            .map(array),
        HostObject::Query(original) => {
            find(&query(original, rt)?, name, true).map(|values| array(values.to_vec()))
        }
        HostObject::MatchedParameters => rt
            .host
            .matched_parameters()
            .iter()
            .find(|(n, _)| name == &**n)
            .map(|(_, value)| Value::from(value.as_str())),
        HostObject::Variables => match name.as_str() {
            Some(name) => rt.host.variable(name),
            None => None,
        },
        _ => None,
    })
}

/// The number of entries in a dictionary of `context`; `None` for other parts.
pub(crate) fn len(host: HostObject, rt: &mut Runtime<'_>) -> R<Option<usize>> {
    Ok(match host {
        HostObject::Headers(side) => Some(rt.host.headers(side).map_or(0, HeaderMap::keys_len)),
        HostObject::MatchedParameters => Some(rt.host.matched_parameters().len()),
        other => pairs(other, rt)?.map(|pairs| pairs.len()),
    })
}

/// All entries of a dictionary of `context`; `None` for other parts.
pub(crate) fn pairs(host: HostObject, rt: &mut Runtime<'_>) -> R<Option<Vec<(Str, Value)>>> {
    let entries = match host {
        HostObject::Headers(side) => rt.host.headers(side).map(header_pairs).unwrap_or_default(),
        HostObject::Query(original) => query(original, rt)?
            .into_iter()
            .map(|(name, values)| (name, array(values)))
            .collect(),
        HostObject::MatchedParameters => rt
            .host
            .matched_parameters()
            .iter()
            .map(|(name, value)| (Str::from(name), Value::from(value.as_str())))
            .collect(),
        HostObject::Variables => rt
            .host
            .variables()
            .into_iter()
            .map(|(name, value)| (Str::from(name), value))
            .collect(),
        _ => return Ok(None),
    };
    rt.spend(entries.len() as u64)?;
    rt.allocate(entries.len().saturating_mul(64))?;
    Ok(Some(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_of_one_name_stand_together_and_are_decoded() {
        let entries = query_entries("?a=1&B=x%20y+z&b=2&flag&=e");
        let texts: Vec<(String, Vec<String>)> = entries
            .iter()
            .map(|(n, v)| (n.to_string(), v.iter().map(Str::to_string).collect()))
            .collect();
        assert_eq!(
            texts,
            [
                ("a".into(), vec!["1".into()]),
                ("B".into(), vec!["x y z".into(), "2".into()]),
                ("flag".into(), vec![String::new()]),
                (String::new(), vec!["e".into()]),
            ]
        );
    }

    #[test]
    fn headers_are_found_in_any_case_and_kept_apart() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-a", HeaderValue::from_static("2, 3"));
        assert_eq!(
            header(&headers, &Str::from("X-A")),
            Some(vec![Str::from("1"), Str::from("2, 3")])
        );
        assert_eq!(header(&headers, &Str::from("not a name")), None);
    }
}
