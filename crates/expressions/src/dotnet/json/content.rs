//! Between C# values and the contents of tokens: what `new JArray(1, "x", null)` and `object.Add(value)` take.

use crate::dotnet::collections;
use crate::json::{IntType, JToken, Scalar, TokenType};
use crate::runtime::{Fault, R, Runtime};
use crate::types::{Type, relations};
use crate::value::{Object, Str, Value};

/// A value as a scalar with its exact type; `None` for objects that JSON doesn't know.
pub(crate) fn scalar_of(value: &Value) -> Option<Scalar> {
    let int = |number: i64, ty: IntType| Some(Scalar::Int(number, ty));
    match value {
        Value::Null => Some(Scalar::Null),
        Value::Bool(v) => Some(Scalar::Bool(*v)),
        Value::Char(v) => Some(Scalar::Char(*v)),
        Value::SByte(v) => int((*v).into(), IntType::SByte),
        Value::Byte(v) => int((*v).into(), IntType::Byte),
        Value::Int16(v) => int((*v).into(), IntType::Int16),
        Value::UInt16(v) => int((*v).into(), IntType::UInt16),
        Value::Int32(v) => int((*v).into(), IntType::Int32),
        Value::UInt32(v) => int((*v).into(), IntType::UInt32),
        Value::Int64(v) => int(*v, IntType::Int64),
        Value::UInt64(v) => Some(Scalar::UInt64(*v)),
        Value::Single(v) => Some(Scalar::Single(*v)),
        Value::Double(v) => Some(Scalar::Double(*v)),
        Value::Decimal(v) => Some(Scalar::Decimal(*v)),
        Value::Str(v) => Some(Scalar::String(v.clone())),
        Value::DateTime(v) => Some(Scalar::Date(*v)),
        Value::DateTimeOffset(v) => Some(Scalar::DateOffset(*v)),
        Value::TimeSpan(v) => Some(Scalar::TimeSpan(*v)),
        Value::Guid(v) => Some(Scalar::Guid(*v)),
        Value::Enum(_, v) => match i32::try_from(*v) {
            Ok(v) => int(v.into(), IntType::Int32),
            Err(_) => int(*v, IntType::Int64),
        },
        Value::Json(token) => token.scalar(),
        Value::Host(_) => None,
        Value::Object(_) => {
            if let Some(bytes) = collections::bytes_of(value) {
                return Some(Scalar::Bytes(bytes.into()));
            }
            if let Some(big) = value.as_object::<BigInteger>() {
                return Some(Scalar::BigInteger(big.0.clone()));
            }
            crate::dotnet::net::uri_original(value).map(Scalar::Uri)
        }
    }
}

/// A scalar as the C# object it is.
pub(crate) fn value_of(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(v) => Value::Bool(*v),
        // Each of these was made from its type, so it fits.
        Scalar::Int(v, IntType::SByte) => Value::SByte(i8::try_from(*v).unwrap_or_default()),
        Scalar::Int(v, IntType::Byte) => Value::Byte(u8::try_from(*v).unwrap_or_default()),
        Scalar::Int(v, IntType::Int16) => Value::Int16(i16::try_from(*v).unwrap_or_default()),
        Scalar::Int(v, IntType::UInt16) => Value::UInt16(u16::try_from(*v).unwrap_or_default()),
        Scalar::Int(v, IntType::Int32) => Value::Int32(i32::try_from(*v).unwrap_or_default()),
        Scalar::Int(v, IntType::UInt32) => Value::UInt32(u32::try_from(*v).unwrap_or_default()),
        Scalar::Int(v, IntType::Int64) => Value::Int64(*v),
        Scalar::UInt64(v) => Value::UInt64(*v),
        Scalar::BigInteger(v) => Value::object(BigInteger(v.clone())),
        Scalar::Double(v) => Value::Double(*v),
        Scalar::Single(v) => Value::Single(*v),
        Scalar::Decimal(v) => Value::Decimal(*v),
        Scalar::String(v) => Value::Str(v.clone()),
        Scalar::Char(v) => Value::Char(*v),
        Scalar::Date(v) => Value::DateTime(*v),
        Scalar::DateOffset(v) => Value::DateTimeOffset(*v),
        Scalar::Bytes(v) => collections::byte_array(v.to_vec()),
        Scalar::Guid(v) => Value::Guid(*v),
        Scalar::Uri(v) => super::uri_value(v),
        Scalar::TimeSpan(v) => Value::TimeSpan(*v),
    }
}

/// An integer beyond 64 bits, as the reader finds them. Only its text is known.
pub(super) struct BigInteger(pub(super) Str);

impl Object for BigInteger {
    fn type_of(&self) -> Type {
        Type::Named(super::defs().big_integer, None)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| self.0 == other.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(self.0.clone()))
    }
}

/// One content object as a token, `None` for null. Char and unknown types are an `ArgumentException`, as for
/// `new JValue(object)`.
pub(super) fn token_of(value: &Value) -> R<Option<JToken>> {
    match value {
        Value::Null => Ok(None),
        Value::Json(token) => Ok(Some(token.clone())),
        other => match scalar_of(other) {
            Some(scalar) => Ok(Some(JToken::new_value(scalar)?)),
            None => Err(JToken::undetermined(&other.type_of().full_name()).into()),
        },
    }
}

/// Whether a content object stands for its elements: sequences that are no string, token or byte array.
pub(super) fn is_multiple(value: &Value) -> bool {
    match value {
        Value::Host(_) => relations::element_type(&value.type_of()).is_some(),
        Value::Object(_) => {
            collections::bytes_of(value).is_none()
                && relations::element_type(&value.type_of()).is_some()
        }
        _ => false,
    }
}

/// How deep content may nest sequences in sequences.
const MAX_NESTING: usize = 64;

/// Inserts content before position `at` of a container, elements of sequences one by one.
pub(super) fn insert(rt: &mut Runtime<'_>, parent: &JToken, at: usize, content: &Value) -> R<()> {
    insert_nested(rt, parent, at, content, 0)
}

fn insert_nested(
    rt: &mut Runtime<'_>,
    parent: &JToken,
    at: usize,
    content: &Value,
    nesting: usize,
) -> R<()> {
    if !is_multiple(content) {
        rt.tick()?;
        rt.allocate(64)?;
        let item = token_of(content)?;
        account_copy(rt, parent, item.as_ref())?;
        return Ok(parent.insert(i32::try_from(at).unwrap_or(i32::MAX), item.as_ref())?);
    }
    if nesting == MAX_NESTING {
        return Err(Fault::argument(
            "The content nests too many sequences.",
            "content",
        ));
    }
    let mut elements = rt.iterate(content)?;
    let mut at = at;
    while let Some(element) = elements.next(rt)? {
        insert_nested(rt, parent, at, &element, nesting + 1)?;
        at += 1;
    }
    Ok(())
}

/// Appends content to a container.
pub(super) fn add(rt: &mut Runtime<'_>, parent: &JToken, content: &Value) -> R<()> {
    insert(rt, parent, parent.count(), content)
}

/// Accounts for the copy that is made of a token where `parent` takes none as it is.
pub(super) fn account_copy(rt: &mut Runtime<'_>, parent: &JToken, token: Option<&JToken>) -> R<()> {
    match token.filter(|token| token.has_values() && parent.copies(token)) {
        Some(token) => account_nodes(rt, token),
        None => Ok(()),
    }
}

/// Accounts for a copy of the token.
pub(super) fn account_nodes(rt: &mut Runtime<'_>, token: &JToken) -> R<()> {
    let nodes = token.descendants(true).len();
    rt.spend(nodes as u64)?;
    rt.allocate(crate::json::size_of_nodes(nodes))
}

/// The value of a property made from content: a sequence becomes an array.
pub(super) fn property_value(rt: &mut Runtime<'_>, content: &Value) -> R<Option<JToken>> {
    if !is_multiple(content) {
        return token_of(content);
    }
    let array = JToken::new_array();
    add(rt, &array, content)?;
    Ok(Some(array))
}

/// A value of a type that the C# overload chose, such as the null string of `(JToken)(string)null`.
pub(super) fn implicit(value: &Value) -> JToken {
    let widened = match value {
        // The constructors for integers take Int64.
        Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_) => value.as_integer().map(Scalar::int64),
        other => scalar_of(other),
    };
    match widened {
        Some(Scalar::Char(unit)) => JToken::typed_value(TokenType::String, Scalar::Char(unit)),
        Some(scalar) => JToken::new_value(scalar).unwrap_or_else(|_| JToken::null()),
        None => JToken::null(),
    }
}
