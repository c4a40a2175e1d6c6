//! Expression values as the cache keeps them, and back: both ways a deep copy.
//!
//! Simple types and strings keep their exact .NET type. Arrays, lists, dictionaries, sets, queues, stacks and tuples come
//! back as the same type with equal contents, XML elements and documents as an equal tree. JSON tokens are kept as text;
//! what JSON has no form for, or what would be read back as something else, stands in that text as a marked string.

use std::fmt::Write as _;

use tidegate_expressions::json::{self, Formatting, JToken, ReaderOptions, Scalar, TokenType};
use tidegate_expressions::parts::{self, Parts};
use tidegate_expressions::types::Registry;
use tidegate_expressions::value::{DateTime, DateTimeKind, DateTimeOffset, TimeSpan};
use tidegate_expressions::{Str, Value};
use tidegate_state::{DateKind, JsonRoot, MAX_DEPTH, Stored, StoredList, StoredMap, TooDeep};
use uuid::Uuid;

/// Most values in one entry, those in collections included.
const MAX_VALUES: usize = 100_000;

/// Why a value cannot outlive its request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsupported {
    #[error(
        "objects of type {0} cannot be kept; strings, numbers, dates, collections of them, JSON tokens and XML can"
    )]
    Type(String),
    #[error(transparent)]
    Depth(#[from] TooDeep),
    #[error("it holds more than {MAX_VALUES} values")]
    Size,
}

/// What the cache keeps of a value.
pub(crate) fn from_value(value: &Value) -> Result<Stored, Unsupported> {
    let mut left = MAX_VALUES;
    keep(value, MAX_DEPTH, &mut left)
}

/// `depth` collections may lie around what is in this one, and `left` values may follow.
fn keep(value: &Value, depth: u8, left: &mut usize) -> Result<Stored, Unsupported> {
    *left = left.checked_sub(1).ok_or(Unsupported::Size)?;
    let text = |text: String| Stored::Text {
        type_name: value.type_of().full_name().as_str().into(),
        text: text.into(),
    };
    Ok(match value {
        Value::Null => Stored::Null,
        Value::Bool(flag) => Stored::Bool(*flag),
        Value::Char(unit) => Stored::Char(*unit),
        Value::Int32(number) => Stored::Int32(*number),
        Value::Int64(number) => Stored::Int64(*number),
        Value::Double(number) => Stored::Double(*number),
        Value::SByte(number) => text(number.to_string()),
        Value::Byte(number) => text(number.to_string()),
        Value::Int16(number) => text(number.to_string()),
        Value::UInt16(number) => text(number.to_string()),
        Value::UInt32(number) => text(number.to_string()),
        Value::UInt64(number) => text(number.to_string()),
        Value::Single(number) => text(number.to_bits().to_string()),
        Value::Decimal(number) => text(number.to_string()),
        Value::Enum(_, number) => text(number.to_string()),
        Value::Str(string) => match string.as_str() {
            Some(_) => Stored::String(string.to_arc()),
            None => Stored::Utf16(string.units().into()),
        },
        Value::DateTime(date) => Stored::DateTime {
            ticks: date.ticks,
            kind: match date.kind {
                DateTimeKind::Unspecified => DateKind::Unspecified,
                DateTimeKind::Utc => DateKind::Utc,
                DateTimeKind::Local => DateKind::Local,
            },
        },
        Value::DateTimeOffset(date) => Stored::DateTimeOffset {
            ticks: date.ticks,
            offset_minutes: date.offset_minutes,
        },
        Value::TimeSpan(span) => Stored::TimeSpan(span.0),
        Value::Guid(guid) => Stored::Guid(guid.into_bytes()),
        Value::Json(token) => from_json(token).ok_or_else(|| unsupported(value))?,
        Value::Host(_) => return Err(unsupported(value)),
        Value::Object(_) => {
            let Some((type_name, parts)) = parts::take_apart(value) else {
                return Err(unsupported(value));
            };
            let below = depth.checked_sub(1).ok_or(TooDeep)?;
            match parts {
                Parts::Bytes(bytes) => Stored::Bytes(bytes.into()),
                Parts::Text(text) => Stored::Text {
                    type_name: type_name.into(),
                    text: text.into(),
                },
                Parts::Items(items) => {
                    let items: Result<Vec<_>, _> =
                        items.iter().map(|item| keep(item, below, left)).collect();
                    Stored::List(StoredList::new(type_name, items?)?)
                }
                Parts::Pairs(pairs) => {
                    let mut entries = Vec::with_capacity(pairs.len());
                    for (key, value) in &pairs {
                        entries.push((keep(key, below, left)?, keep(value, below, left)?));
                    }
                    Stored::Map(StoredMap::new(type_name, entries)?)
                }
            }
        }
    })
}

fn unsupported(value: &Value) -> Unsupported {
    Unsupported::Type(value.type_of().full_name().as_str().to_owned())
}

/// The value a cache entry stands for; `None` for an entry that another version of the gateway has made.
pub(crate) fn to_value(stored: &Stored) -> Option<Value> {
    Some(match stored {
        Stored::Null => Value::Null,
        Stored::Bool(flag) => Value::Bool(*flag),
        Stored::Char(unit) => Value::Char(*unit),
        Stored::Int32(number) => Value::Int32(*number),
        Stored::Int64(number) => Value::Int64(*number),
        Stored::Double(number) => Value::Double(*number),
        Stored::String(text) => Value::from(text.clone()),
        Stored::Utf16(units) => Value::Str(Str::from_units(units)),
        Stored::Json { root, text } => Value::Json(to_json(*root, text)?),
        Stored::DateTime { ticks, kind } => Value::DateTime(DateTime {
            ticks: *ticks,
            kind: match kind {
                DateKind::Unspecified => DateTimeKind::Unspecified,
                DateKind::Utc => DateTimeKind::Utc,
                DateKind::Local => DateTimeKind::Local,
            },
        }),
        Stored::DateTimeOffset {
            ticks,
            offset_minutes,
        } => Value::DateTimeOffset(DateTimeOffset {
            ticks: *ticks,
            offset_minutes: *offset_minutes,
        }),
        Stored::TimeSpan(ticks) => Value::TimeSpan(TimeSpan(*ticks)),
        Stored::Guid(bytes) => Value::Guid(Uuid::from_bytes(*bytes)),
        Stored::Text { type_name, text } => match &**type_name {
            "System.SByte" => Value::SByte(text.parse().ok()?),
            "System.Byte" => Value::Byte(text.parse().ok()?),
            "System.Int16" => Value::Int16(text.parse().ok()?),
            "System.UInt16" => Value::UInt16(text.parse().ok()?),
            "System.UInt32" => Value::UInt32(text.parse().ok()?),
            "System.UInt64" => Value::UInt64(text.parse().ok()?),
            "System.Single" => Value::Single(f32::from_bits(text.parse().ok()?)),
            "System.Decimal" => Value::Decimal(text.parse().ok()?),
            "System.Xml.Linq.XElement" | "System.Xml.Linq.XDocument" => {
                parts::put_together(type_name, Parts::Text(text.to_string()))?
            }
            enumeration => Value::Enum(
                Registry::get().by_full_name(enumeration)?.id,
                text.parse().ok()?,
            ),
        },
        Stored::Bytes(bytes) => parts::put_together("System.Byte[]", Parts::Bytes(bytes.to_vec()))?,
        // Recursion is as deep as values may be stored.
        Stored::List(list) => {
            let items: Option<Vec<_>> = list.items().iter().map(to_value).collect();
            parts::put_together(list.type_name(), Parts::Items(items?))?
        }
        Stored::Map(map) => {
            let pair = |(key, value): &(Stored, Stored)| Some((to_value(key)?, to_value(value)?));
            let pairs: Option<Vec<_>> = map.entries().iter().map(pair).collect();
            parts::put_together(map.type_name(), Parts::Pairs(pairs?))?
        }
    })
}

/// Begins a string that stands for something else.
const MARK: char = '\u{1}';

/// The mark as the writer escapes it.
const ESCAPED_MARK: &str = "\\u0001";

/// `None` for tokens that are no value of their own, such as a property.
fn from_json(token: &JToken) -> Option<Stored> {
    let root = match token.token_type() {
        TokenType::Object => JsonRoot::Object,
        TokenType::Array => JsonRoot::Array,
        TokenType::Property | TokenType::Constructor | TokenType::Comment | TokenType::None => {
            return None;
        }
        _ => JsonRoot::Value,
    };
    let is_special = |token: &JToken| {
        token
            .scalar()
            .is_some_and(|scalar| marked(&scalar).is_some())
    };
    let text = if token.descendants(true).iter().any(is_special) {
        let copy = token.deep_clone();
        for token in copy.descendants(true) {
            if let Some(text) = token.scalar().as_ref().and_then(marked) {
                token.set_scalar(Scalar::text(&text)).ok()?;
            }
        }
        copy.to_json(Formatting::None)
    } else {
        token.to_json(Formatting::None)
    };
    Some(Stored::Json {
        root,
        text: text.into(),
    })
}

fn to_json(root: JsonRoot, text: &str) -> Option<JToken> {
    let options = ReaderOptions {
        detect_dates: false,
        ..ReaderOptions::default()
    };
    let token = match root {
        JsonRoot::Object => json::parse_object(text, &options),
        JsonRoot::Array => json::parse_array(text, &options),
        JsonRoot::Value => json::parse(text, &options),
    }
    .ok()?;
    if text.contains(ESCAPED_MARK) {
        for token in token.descendants(true) {
            let Some(Scalar::String(text)) = token.scalar() else {
                continue;
            };
            let text = text.to_utf8();
            if let Some(rest) = text.strip_prefix(MARK) {
                token.set_scalar(unmarked(rest)?).ok()?;
            }
        }
    }
    Some(token)
}

/// The marked string for a value that JSON text does not bring back as it was; `None` for the others.
fn marked(scalar: &Scalar) -> Option<String> {
    let (tag, payload) = match scalar {
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(..) | Scalar::BigInteger(_) => return None,
        Scalar::Double(_) => return None,
        Scalar::String(text) => match text.as_str() {
            Some(plain) if plain.starts_with(MARK) => ('s', plain.to_owned()),
            Some(_) => return None,
            None => (
                'w',
                hex(text.units().iter().flat_map(|unit| unit.to_be_bytes())),
            ),
        },
        Scalar::Char(unit) => ('c', unit.to_string()),
        Scalar::UInt64(number) => ('u', number.to_string()),
        Scalar::Single(number) => ('f', number.to_bits().to_string()),
        Scalar::Decimal(number) => ('m', number.to_string()),
        Scalar::Date(date) => {
            let kind = match date.kind {
                DateTimeKind::Unspecified => '-',
                DateTimeKind::Utc => 'u',
                DateTimeKind::Local => 'l',
            };
            ('d', format!("{kind}{}", date.ticks))
        }
        Scalar::DateOffset(date) => ('o', format!("{} {}", date.ticks, date.offset_minutes)),
        Scalar::Bytes(bytes) => ('b', hex(bytes.iter().copied())),
        Scalar::Guid(guid) => ('g', guid.to_string()),
        Scalar::Uri(uri) => ('i', uri.to_utf8().into_owned()),
        Scalar::TimeSpan(span) => ('t', span.0.to_string()),
    };
    Some(format!("{MARK}{tag}{payload}"))
}

/// The value a marked string stands for; `text` comes without the mark.
fn unmarked(text: &str) -> Option<Scalar> {
    let mut characters = text.chars();
    let tag = characters.next()?;
    let payload = characters.as_str();
    Some(match tag {
        's' => Scalar::text(payload),
        'w' => {
            let bytes = unhex(payload)?;
            let pairs = bytes.chunks_exact(2);
            let units: Vec<u16> = pairs
                .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)))
                .collect();
            Scalar::String(Str::from_units(&units))
        }
        'c' => Scalar::Char(payload.parse().ok()?),
        'u' => Scalar::UInt64(payload.parse().ok()?),
        'f' => Scalar::Single(f32::from_bits(payload.parse().ok()?)),
        'm' => Scalar::Decimal(payload.parse().ok()?),
        'd' => {
            let mut characters = payload.chars();
            let kind = match characters.next()? {
                'u' => DateTimeKind::Utc,
                'l' => DateTimeKind::Local,
                _ => DateTimeKind::Unspecified,
            };
            Scalar::Date(DateTime {
                ticks: characters.as_str().parse().ok()?,
                kind,
            })
        }
        'o' => {
            let (ticks, offset) = payload.split_once(' ')?;
            Scalar::DateOffset(DateTimeOffset {
                ticks: ticks.parse().ok()?,
                offset_minutes: offset.parse().ok()?,
            })
        }
        'b' => Scalar::Bytes(unhex(payload)?.into()),
        'g' => Scalar::Guid(payload.parse().ok()?),
        'i' => Scalar::Uri(payload.into()),
        't' => Scalar::TimeSpan(TimeSpan(payload.parse().ok()?)),
        _ => return None,
    })
}

fn hex(bytes: impl Iterator<Item = u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Value) -> Value {
        to_value(&from_value(value).unwrap()).unwrap()
    }

    #[test]
    fn simple_values_come_back_with_their_type() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int32(5),
            Value::Int64(5),
            Value::Byte(200),
            Value::Single(0.1),
            Value::Decimal("1.10".parse().unwrap()),
            Value::Double(1e300),
            Value::from("text"),
            Value::TimeSpan(TimeSpan(-7)),
            Value::Guid(Uuid::from_u128(9)),
            Value::DateTime(DateTime {
                ticks: 638_000_000_000_000_000,
                kind: DateTimeKind::Utc,
            }),
        ] {
            let back = round_trip(&value);
            assert!(
                tidegate_expressions::runtime::equals(&value, &back),
                "{value:?}"
            );
            assert_eq!(value.type_of(), back.type_of());
        }
        let lone = Value::Str(Str::from_units(&[0x41, 0xD800]));
        let back = round_trip(&lone);
        assert_eq!(
            back.as_string().unwrap().units(),
            lone.as_string().unwrap().units()
        );
    }

    #[test]
    fn json_comes_back_as_an_equal_tree_of_its_own() {
        let token = json::parse_array(
            r#"[{"url":"https://a","at":"2024-01-02T03:04:05Z","n":1,"x":1.0,"z":null,"s":"\u0001d0"}]"#,
            &ReaderOptions::default(),
        )
        .unwrap();
        let back = round_trip(&Value::Json(token.clone()));
        let Value::Json(back) = back else {
            panic!("no token");
        };
        assert!(back.deep_equals(&token));
        let first = back.child(0).unwrap();
        let at = first.get_str("at").unwrap();
        assert_eq!(at.token_type(), TokenType::Date);
        first.clear().unwrap();
        assert_eq!(token.child(0).unwrap().count(), 6);
    }

    #[test]
    fn a_string_that_looks_like_a_date_stays_a_string() {
        let token = JToken::new_array();
        token
            .add_scalar(Scalar::text("2024-01-02T03:04:05Z"))
            .unwrap();
        let Value::Json(back) = round_trip(&Value::Json(token)) else {
            panic!("no token");
        };
        assert_eq!(back.child(0).unwrap().token_type(), TokenType::String);
    }

    /// Evaluates an expression.
    fn value_of(source: &str) -> Value {
        let options = tidegate_expressions::Options::default();
        let target = tidegate_expressions::Target::Any;
        let compiled = tidegate_expressions::compile(source, target, &options).unwrap();
        let mut host = tidegate_expressions::Nowhere::default();
        compiled.evaluate(&mut host).unwrap()
    }

    /// How an evaluation shows a value.
    fn shown(value: &Value) -> (String, String) {
        let mut host = tidegate_expressions::Nowhere::default();
        let limits = tidegate_expressions::Limits::default();
        let mut rt = tidegate_expressions::runtime::Runtime::new(&mut host, limits);
        tidegate_expressions::notation::show(&mut rt, value, &value.type_of()).unwrap()
    }

    #[test]
    fn collections_come_back_as_equal_ones_of_their_type() {
        for source in [
            "new byte[] { 1, 2, 255 }",
            "new[] { 1, 2, 3 }",
            "new string[] { \"a\", null }",
            "new object[] { 1, \"a\", 2L, 1.5m, null, true, new DateTime(2024, 1, 2), TimeSpan.FromDays(1) }",
            "new int[2, 3]",
            "new[] { new[] { 1 }, new int[0] }",
            "new int?[] { 1, null }",
            "new List<string> { \"a\", \"b\" }",
            "new List<List<int>> { new List<int> { 1 }, new List<int>() }",
            "new Dictionary<string, int> { { \"a\", 1 }, { \"b\", 2 } }",
            "new Dictionary<string, object> { [\"a\"] = new[] { 1L }, [\"b\"] = new JObject(new JProperty(\"k\", 1)) }",
            "new HashSet<int> { 3, 1, 2 }",
            "new Queue<int>(new[] { 1, 2 })",
            "new Stack<int>(new[] { 1, 2 })",
            "(1, \"a\")",
            "Tuple.Create(1, \"a\")",
            "new KeyValuePair<string, int>(\"a\", 1)",
            "XElement.Parse(\"<a k='v'> <b></b><![CDATA[x]]><c/> </a>\", LoadOptions.PreserveWhitespace)",
            "new XDocument(new XDeclaration(\"1.0\", \"utf-8\", null), new XElement(\"a\"))",
            "new List<XElement> { new XElement(\"a\") }",
            "new JArray(1, \"x\")",
            "DayOfWeek.Friday",
        ] {
            let value = value_of(&format!("@({source})"));
            let back = round_trip(&value);
            assert_eq!(back.type_of(), value.type_of(), "{source}");
            assert_eq!(shown(&back), shown(&value), "{source}");
            assert!(
                value.as_integer().is_some() || !back.same(&value),
                "{source}"
            );
        }
    }

    #[test]
    fn a_dictionary_keeps_its_comparer() {
        let source =
            "@(new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { { \"Key\", 1 } })";
        let (_, parts) = parts::take_apart(&round_trip(&value_of(source))).unwrap();
        let Parts::Pairs(pairs) = parts else { panic!() };
        assert_eq!(pairs.len(), 1);
        let (name, _) = parts::take_apart(&round_trip(&value_of(source))).unwrap();
        assert!(name.ends_with("#OrdinalIgnoreCase"), "{name}");
    }

    #[test]
    fn what_has_no_end_or_no_parts_is_refused() {
        let cyclic = value_of("@{ var l = new List<object>(); l.Add(l); return l; }");
        assert!(matches!(from_value(&cyclic), Err(Unsupported::Depth(_))));
        let wide = value_of(
            "@{ object o = 1; for (int i = 0; i < 30; i++) { o = new object[] { o, o }; } return o; }",
        );
        assert!(matches!(from_value(&wide), Err(Unsupported::Size)));
        for source in [
            "@(new { A = 1 })",
            "@(new[] { 1 }.Select(x => x))",
            "@(new StringBuilder())",
        ] {
            assert!(
                matches!(from_value(&value_of(source)), Err(Unsupported::Type(_))),
                "{source}"
            );
        }
    }
}
