//! From tokens to values of a C# type: `Value<T>()`, `ToObject<T>()` and `JsonConvert.DeserializeObject<T>()`.
//!
//! The three differ: `Value<T>` converts like `Convert.ChangeType` and refuses containers, `ToObject<T>` of a primitive
//! is the cast operator, everything else is what Json.NET's serializer does with the token.

use super::{Children, JTOKEN, is_nothing, value_of};
use crate::dotnet::collections;
use crate::json::{self, Conversion, IntType, JToken, Scalar, ScalarTarget, TokenType};
use crate::runtime::{Fault, R, Runtime};
use crate::types::{MemberKind, Type, known, relations};
use crate::value::{DateTime, DateTimeOffset, Iter, Lazy, Record, Str, TimeSpan, Value};

/// The scalar behind a type, without its `?`.
pub(super) fn scalar_target(ty: &Type) -> Option<ScalarTarget> {
    let Type::Named(def, None) = ty else {
        return matches!(ty, Type::Array(element, 1) if **element == Type::BYTE)
            .then_some(ScalarTarget::Bytes);
    };
    Some(match *def {
        known::BOOLEAN => ScalarTarget::Bool,
        known::CHAR => ScalarTarget::Char,
        known::SBYTE => ScalarTarget::Int(IntType::SByte),
        known::BYTE => ScalarTarget::Int(IntType::Byte),
        known::INT16 => ScalarTarget::Int(IntType::Int16),
        known::UINT16 => ScalarTarget::Int(IntType::UInt16),
        known::INT32 => ScalarTarget::Int(IntType::Int32),
        known::UINT32 => ScalarTarget::Int(IntType::UInt32),
        known::INT64 => ScalarTarget::Int(IntType::Int64),
        known::UINT64 => ScalarTarget::UInt64,
        known::SINGLE => ScalarTarget::Single,
        known::DOUBLE => ScalarTarget::Double,
        known::DECIMAL => ScalarTarget::Decimal,
        known::STRING => ScalarTarget::String,
        known::DATE_TIME => ScalarTarget::DateTime,
        known::DATE_TIME_OFFSET => ScalarTarget::DateTimeOffset,
        known::TIME_SPAN => ScalarTarget::TimeSpan,
        known::GUID => ScalarTarget::Guid,
        _ if ty.def().is_some_and(|def| def.full_name() == "System.Uri") => ScalarTarget::Uri,
        _ => return None,
    })
}

/// `default(T)`
pub(super) fn default_of(ty: &Type) -> Value {
    match ty {
        Type::Tuple(tuple) => {
            Record::value(ty.clone(), tuple.elements.iter().map(default_of).collect())
        }
        Type::Named(def, args) => match *def {
            known::BOOLEAN => false.into(),
            known::CHAR => Value::Char(0),
            known::SBYTE => Value::SByte(0),
            known::BYTE => Value::Byte(0),
            known::INT16 => Value::Int16(0),
            known::UINT16 => Value::UInt16(0),
            known::INT32 => Value::Int32(0),
            known::UINT32 => Value::UInt32(0),
            known::INT64 => Value::Int64(0),
            known::UINT64 => Value::UInt64(0),
            known::SINGLE => Value::Single(0.0),
            known::DOUBLE => Value::Double(0.0),
            known::DECIMAL => Value::Decimal(Default::default()),
            known::DATE_TIME => DateTime::default().into(),
            known::DATE_TIME_OFFSET => DateTimeOffset::default().into(),
            known::TIME_SPAN => TimeSpan::default().into(),
            known::GUID => uuid::Uuid::nil().into(),
            known::KEY_VALUE_PAIR => Record::value(
                ty.clone(),
                args.iter()
                    .flat_map(|args| args.iter())
                    .map(default_of)
                    .collect(),
            ),
            def if ty.is_enum() => Value::Enum(def, 0),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

/// `Value<T>()`: the token itself where it is a `T`, else its value by `Convert.ChangeType`.
pub(super) fn convert(rt: &mut Runtime<'_>, token: Option<&JToken>, ty: &Type) -> R<Value> {
    let Some(token) = token else {
        return Ok(default_of(ty));
    };
    let value = Value::Json(token.clone());
    // A JValue is asked for its comparable content, not for itself.
    if Runtime::is_instance(&value, ty) && !ty.is(known::ICOMPARABLE) {
        return Ok(value);
    }
    let Some(scalar) = token.scalar() else {
        let message = format!(
            "Cannot cast Newtonsoft.Json.Linq.{} to Newtonsoft.Json.Linq.JToken.",
            token.class()
        );
        return Err(Fault::new("System.InvalidCastException", message));
    };
    let content = value_of(&scalar);
    if Runtime::is_instance(&content, ty) {
        return Ok(content);
    }
    if is_nothing(&scalar) && !ty.is_value_type() {
        return Ok(Value::Null);
    }
    // No `IConvertible`
    let alone = matches!(
        scalar,
        Scalar::BigInteger(_) | Scalar::Uri(_) | Scalar::Bytes(_)
    );
    match scalar_target(ty.unwrap_nullable()).filter(|_| !alone) {
        Some(target) => Ok(value_of(&json::change_type(
            &scalar,
            target,
            rt.host.now(),
        )?)),
        None => {
            let from = content.type_of().full_name();
            let message = format!("Invalid cast from '{from}' to '{}'.", ty.full_name());
            Err(Fault::new("System.InvalidCastException", message))
        }
    }
}

/// A lazy sequence that converts each of `tokens` when it is reached.
pub(super) fn converted(tokens: Value, ty: Type) -> Value {
    Lazy::value(Type::enumerable(ty.clone()), move |rt| {
        Ok(Box::new(Converted {
            tokens: rt.iterate(&tokens)?,
            ty: ty.clone(),
        }))
    })
}

struct Converted {
    tokens: Box<dyn Iter>,
    ty: Type,
}

impl Iter for Converted {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        match self.tokens.next(rt)? {
            Some(Value::Json(token)) => convert(rt, Some(&token), &self.ty).map(Some),
            Some(_) => convert(rt, None, &self.ty).map(Some),
            None => Ok(None),
        }
    }
}

/// `ToObject<T>()`
pub(crate) fn to_object(rt: &mut Runtime<'_>, token: &JToken, ty: &Type) -> R<Value> {
    if ty.unwrap_nullable().is_enum() {
        return to_enumeration(rt, token, ty);
    }
    match scalar_target(ty.unwrap_nullable()) {
        Some(ScalarTarget::Bytes) | None => to_type(rt, token, ty, Source::Token),
        Some(target) => {
            let nullable = ty.nullable_underlying().is_some();
            let scalar = json::explicit(
                Some(token),
                Conversion {
                    target,
                    nullable,
                    now: rt.host.now(),
                },
            )?;
            Ok(value_of(&scalar))
        }
    }
}

/// `ToObject<T>()` of an enumeration: by name, or as its number.
fn to_enumeration(rt: &mut Runtime<'_>, token: &JToken, ty: &Type) -> R<Value> {
    let refused = || {
        Fault::argument(
            &format!(
                "Could not convert '{}' to {}.",
                JToken::to_text(token),
                ty.full_name()
            ),
            "",
        )
    };
    match (token.token_type(), token.scalar()) {
        (TokenType::String, Some(_)) => {
            to_type(rt, token, ty, Source::Token).map_err(|_| refused())
        }
        (_, Some(Scalar::BigInteger(_))) => Err(refused()),
        (TokenType::Integer, Some(_)) => to_type(rt, token, ty, Source::Token),
        _ => {
            let number = json::explicit(
                Some(token),
                Conversion {
                    target: ScalarTarget::Int(IntType::Int32),
                    nullable: ty.nullable_underlying().is_some(),
                    now: rt.host.now(),
                },
            )?;
            Ok(match (ty.unwrap_nullable(), number) {
                (Type::Named(id, _), Scalar::Int(number, _)) => Value::Enum(*id, number),
                _ => Value::Null,
            })
        }
    }
}

/// Where a token came from; text is read more strictly than tokens are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A token of the expression.
    Token,
    /// JSON text whose date strings were left alone.
    Text,
}

/// Deepest nesting of typed containers.
const MAX_DEPTH: usize = 128;

/// What Json.NET's serializer makes of a token where a `ty` is wanted.
pub(super) fn to_type(rt: &mut Runtime<'_>, token: &JToken, ty: &Type, source: Source) -> R<Value> {
    Reader {
        source,
        now: rt.host.now(),
    }
    .read(rt, token, ty, 0)
}

struct Reader {
    source: Source,
    /// The clock's present in ticks.
    now: i64,
}

fn serialization(token: &JToken, message: &str) -> Fault {
    Fault::new(
        "Newtonsoft.Json.JsonSerializationException",
        format!("{message} Path '{}'.", token.path()),
    )
}

fn reader(token: &JToken, message: &str) -> Fault {
    Fault::new(
        "Newtonsoft.Json.JsonReaderException",
        format!("{message} Path '{}'.", token.path()),
    )
}

/// A value as conversion errors show it.
fn shown(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Null => "{null}".to_owned(),
        Scalar::String(text) => format!("\"{text}\""),
        other => other.to_text().to_string(),
    }
}

impl Reader {
    fn read(&self, rt: &mut Runtime<'_>, token: &JToken, ty: &Type, depth: usize) -> R<Value> {
        rt.tick()?;
        if depth > MAX_DEPTH {
            return Err(serialization(
                token,
                "The JSON is nested too deeply for a typed object.",
            ));
        }
        if matches!(ty, Type::Dynamic) || ty.is(known::OBJECT) {
            return self.untyped(rt, token);
        }
        if relations::is_assignable(ty, &JTOKEN) {
            return self.token(rt, token, ty);
        }
        let scalar = token.scalar();
        if self.source == Source::Text
            && token.token_type() == TokenType::Undefined
            && let Some(what) = scalar_target(ty.unwrap_nullable()).and_then(own_reader)
        {
            return Err(reader(
                token,
                &format!("Error reading {what}. Unexpected token: Undefined."),
            ));
        }
        if scalar.as_ref().is_some_and(is_nothing) {
            if ty.is_value_type() {
                let message = format!(
                    "Error converting value {{null}} to type '{}'.",
                    ty.full_name()
                );
                return Err(serialization(token, &message));
            }
            return Ok(Value::Null);
        }
        let ty = ty.unwrap_nullable();
        if let Some(target) = scalar_target(ty) {
            return self.scalar(token, scalar, target, ty);
        }
        if ty.is_enum() {
            return self.enumeration(token, scalar, ty);
        }
        match token.token_type() {
            TokenType::Array => self.sequence(rt, token, ty, depth),
            TokenType::Object => self.object(rt, token, ty, depth),
            _ => {
                let value = scalar.unwrap_or(Scalar::Null);
                let message = format!(
                    "Error converting value {} to type '{}'.",
                    shown(&value),
                    ty.full_name()
                );
                Err(serialization(token, &message))
            }
        }
    }

    /// Where `object` is wanted: plain values for scalars, tokens for containers.
    fn untyped(&self, rt: &mut Runtime<'_>, token: &JToken) -> R<Value> {
        match token.scalar() {
            Some(Scalar::String(text)) if self.source == Source::Text => Ok(json::parse_json_date(
                &text.to_utf8(),
            )
            .map_or(Value::Str(text), Value::DateTime)),
            Some(scalar) => Ok(value_of(&scalar)),
            None => self.copy(rt, token),
        }
    }

    fn copy(&self, rt: &mut Runtime<'_>, token: &JToken) -> R<Value> {
        let copy = token.deep_clone();
        let nodes = copy.descendants(true);
        rt.spend(nodes.len() as u64)?;
        rt.allocate(crate::json::size_of_nodes(nodes.len()))?;
        if self.source == Source::Text {
            for node in nodes {
                if node.token_type() == TokenType::Undefined {
                    node.set_scalar(Scalar::Null)?;
                }
                if let Some(Scalar::String(text)) = node.scalar()
                    && let Some(date) = json::parse_json_date(&text.to_utf8())
                {
                    node.set_scalar(Scalar::Date(date))?;
                }
            }
        }
        Ok(copy.into())
    }

    fn token(&self, rt: &mut Runtime<'_>, token: &JToken, ty: &Type) -> R<Value> {
        if token.token_type() == TokenType::Null && !ty.is(known::JTOKEN) && !ty.is(known::JVALUE) {
            return Ok(Value::Null);
        }
        let copy = self.copy(rt, token)?;
        if Runtime::is_instance(&copy, ty) {
            Ok(copy)
        } else {
            Err(Fault::invalid_cast(&copy.type_of(), ty))
        }
    }

    fn scalar(
        &self,
        token: &JToken,
        scalar: Option<Scalar>,
        target: ScalarTarget,
        ty: &Type,
    ) -> R<Value> {
        let Some(scalar) = scalar else {
            let start = if token.token_type() == TokenType::Array {
                "StartArray"
            } else {
                "StartObject"
            };
            if target == ScalarTarget::Bytes && start == "StartArray" {
                let bytes: Option<Vec<u8>> = token
                    .children()
                    .iter()
                    .map(|child| match child.scalar() {
                        Some(Scalar::Int(v, _)) => u8::try_from(v).ok(),
                        _ => None,
                    })
                    .collect();
                return bytes
                    .map(collections::byte_array)
                    .ok_or_else(|| reader(token, "Unexpected token when reading bytes."));
            }
            let what = own_reader(target).filter(|what| *what != "long");
            return Err(match what {
                Some(what) => reader(
                    token,
                    &format!("Error reading {what}. Unexpected token: {start}."),
                ),
                None => serialization(
                    token,
                    &format!(
                        "Cannot deserialize the current JSON into type '{}'.",
                        ty.full_name()
                    ),
                ),
            });
        };
        let too_large = match &scalar {
            Scalar::Int(number, _) => i32::try_from(*number).is_err(),
            Scalar::BigInteger(_) => true,
            _ => false,
        };
        if self.source == Source::Text && own_reader(target) == Some("integer") && too_large {
            return Err(reader(
                token,
                &format!(
                    "JSON integer {} is too large or small for an Int32.",
                    scalar.to_text()
                ),
            ));
        }
        // These types have readers of their own in Json.NET, with their own errors.
        let what = match target {
            ScalarTarget::Int(IntType::Int32) => Some("integer"),
            ScalarTarget::Double => Some("double"),
            ScalarTarget::Decimal => Some("decimal"),
            ScalarTarget::Bool => Some("boolean"),
            ScalarTarget::DateTime => Some("DateTime"),
            ScalarTarget::DateTimeOffset => Some("DateTimeOffset"),
            _ => None,
        };
        if let (Source::Text, ScalarTarget::Int(_), Scalar::Double(number)) =
            (self.source, target, &scalar)
        {
            return Err(reader(
                token,
                &format!("Input string '{number}' is not a valid integer."),
            ));
        }
        let date = matches!(
            target,
            ScalarTarget::DateTime | ScalarTarget::DateTimeOffset
        );
        if self.source == Source::Text
            && date
            && !matches!(
                scalar,
                Scalar::String(_) | Scalar::Date(_) | Scalar::DateOffset(_)
            )
        {
            return Err(reader(
                token,
                "Unexpected character encountered while parsing value.",
            ));
        }
        let result = match (target, &scalar) {
            // JSON spells it so; a bool token prints `True`.
            (ScalarTarget::String, Scalar::Bool(value)) if self.source == Source::Text => {
                Ok(Scalar::text(if *value { "true" } else { "false" }))
            }
            (ScalarTarget::Bool, Scalar::BigInteger(_)) if self.source == Source::Text => {
                Ok(Scalar::Bool(true))
            }
            (ScalarTarget::Int(_), Scalar::Bool(_)) if what.is_some() => {
                return Err(reader(
                    token,
                    "Error reading integer. Unexpected token: Boolean.",
                ));
            }
            (ScalarTarget::DateTime, Scalar::String(text)) => {
                match json::parse_json_date(&text.to_utf8()) {
                    Some(date) => Ok(Scalar::Date(date)),
                    None => json::change_type(&scalar, target, self.now),
                }
            }
            _ => json::explicit(
                Some(token),
                Conversion {
                    target,
                    nullable: false,
                    now: self.now,
                },
            ),
        };
        result
            .map(|converted| value_of(&converted))
            .map_err(|_| match (what, &scalar) {
                (Some(what), Scalar::String(text)) => reader(
                    token,
                    &format!("Could not convert string to {what}: {text}."),
                ),
                _ => {
                    let message = format!(
                        "Error converting value {} to type '{}'.",
                        shown(&scalar),
                        ty.full_name()
                    );
                    serialization(token, &message)
                }
            })
    }

    fn enumeration(&self, token: &JToken, scalar: Option<Scalar>, ty: &Type) -> R<Value> {
        let failed = |scalar: &Scalar| {
            let message = format!(
                "Error converting value {} to type '{}'.",
                shown(scalar),
                ty.full_name()
            );
            serialization(token, &message)
        };
        let (Type::Named(id, _), Some(def)) = (ty, ty.def()) else {
            return Ok(Value::Null);
        };
        match scalar {
            // A number that is too large is cut off, as `Enum.ToObject` does.
            #[allow(clippy::cast_possible_truncation)]
            Some(Scalar::Int(number, _)) => Ok(Value::Enum(*id, i64::from(number as i32))),
            Some(Scalar::Bool(flag)) => Ok(Value::Enum(*id, i64::from(flag))),
            Some(Scalar::String(text)) => {
                let wanted = text.to_utf8();
                let found = def
                    .values
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(wanted.trim()));
                found
                    .map(|(_, number)| Value::Enum(*id, *number))
                    .ok_or_else(|| failed(&Scalar::String(text.clone())))
            }
            other => Err(failed(&other.unwrap_or(Scalar::Null))),
        }
    }

    fn sequence(&self, rt: &mut Runtime<'_>, token: &JToken, ty: &Type, depth: usize) -> R<Value> {
        let element = match ty {
            Type::Array(element, 1) => Some((**element).clone()),
            _ => relations::element_type(ty).filter(|_| !ty.is(known::DICTIONARY)),
        };
        let Some(element) = element else {
            let message = format!(
                "Cannot deserialize the current JSON array (e.g. [1,2,3]) into type '{}' because the type requires a \
                 JSON object (e.g. {{\"name\":\"value\"}}) to deserialize correctly.",
                ty.full_name()
            );
            return Err(serialization(token, &message));
        };
        let mut items = Vec::new();
        rt.allocate(token.count() * size_of::<Value>())?;
        let mut children = Children::new(token.clone());
        while let Some(Value::Json(child)) = crate::value::Iter::next(&mut children, rt)? {
            items.push(self.read(rt, &child, &element, depth + 1)?);
        }
        if matches!(ty, Type::Array(..)) {
            return Ok(collections::array(element, items));
        }
        let list = collections::list(element, items);
        if Runtime::is_instance(&list, ty) {
            return Ok(list);
        }
        construct_from(rt, ty, list).unwrap_or_else(|| {
            Err(serialization(
                token,
                &format!(
                    "Type '{}' cannot be made from a JSON array.",
                    ty.full_name()
                ),
            ))
        })
    }

    fn object(&self, rt: &mut Runtime<'_>, token: &JToken, ty: &Type, depth: usize) -> R<Value> {
        if let Some(fields) = fields_of(ty) {
            let mut values = Vec::with_capacity(fields.len());
            for (name, field) in fields {
                let found = token.get_str(&name).or_else(|| {
                    token.get_matching(&Str::from(name.as_str()), |a, b| {
                        a.to_utf8().eq_ignore_ascii_case(&b.to_utf8())
                    })
                });
                values.push(match found {
                    Some(found) => self.read(rt, &found, &field, depth + 1)?,
                    None => default_of(&field),
                });
            }
            return Ok(Record::value(ty.clone(), values));
        }
        let entry = [
            known::DICTIONARY,
            known::IDICTIONARY,
            known::IREADONLY_DICTIONARY,
        ]
        .into_iter()
        .find(|def| ty.is(*def))
        .and_then(|_| match ty.args() {
            [key, value] => Some((key.clone(), value.clone())),
            _ => None,
        });
        let Some((key_type, value_type)) = entry else {
            let message = format!(
                "Cannot deserialize the current JSON object (e.g. {{\"name\":\"value\"}}) into type '{}' because the \
                 type requires a JSON array (e.g. [1,2,3]) to deserialize correctly.",
                ty.full_name()
            );
            return Err(serialization(token, &message));
        };
        let made = collections::dictionary(key_type.clone(), value_type.clone());
        let Some(dictionary) = made.to_object::<collections::Dictionary>() else {
            return Ok(made);
        };
        rt.allocate(token.count() * 4 * size_of::<Value>())?;
        for property in token.children() {
            let (Some(name), Some(found)) = (property.name(), property.property_value()) else {
                continue;
            };
            let value = self.read(rt, &found, &value_type, depth + 1)?;
            let key = if key_type == Type::STRING || key_type == Type::OBJECT {
                Value::Str(name)
            } else {
                let name = JToken::new_value(Scalar::String(name))?;
                self.read(rt, &name, &key_type, depth + 1)?
            };
            dictionary.set(key, value);
        }
        Ok(made)
    }
}

/// What the reader that Json.NET has for a type calls it in its errors; `None` where the serializer converts.
fn own_reader(target: ScalarTarget) -> Option<&'static str> {
    Some(match target {
        ScalarTarget::Int(IntType::Byte | IntType::Int16 | IntType::Int32) => "integer",
        ScalarTarget::Int(IntType::Int64) => "long",
        ScalarTarget::String => "string",
        ScalarTarget::Bool => "boolean",
        ScalarTarget::Double | ScalarTarget::Single => "double",
        ScalarTarget::Decimal => "decimal",
        ScalarTarget::DateTime | ScalarTarget::DateTimeOffset => "date",
        ScalarTarget::Bytes => "bytes",
        _ => return None,
    })
}

/// Names and types of the fields of types that are rows of fields.
fn fields_of(ty: &Type) -> Option<Vec<(String, Type)>> {
    match ty {
        Type::Anonymous(fields) => Some(
            fields
                .iter()
                .map(|(n, t)| (n.to_string(), t.clone()))
                .collect(),
        ),
        Type::Tuple(tuple) => Some(
            tuple
                .elements
                .iter()
                .enumerate()
                .map(|(i, t)| (format!("Item{}", i + 1), t.clone()))
                .collect(),
        ),
        Type::Named(known::KEY_VALUE_PAIR, Some(args)) => match &**args {
            [key, value] => Some(vec![
                ("Key".to_owned(), key.clone()),
                ("Value".to_owned(), value.clone()),
            ]),
            _ => None,
        },
        _ => None,
    }
}

/// `new T(IEnumerable<…>)` of collections that are neither array nor list.
fn construct_from(rt: &mut Runtime<'_>, ty: &Type, items: Value) -> Option<R<Value>> {
    let def = ty.def()?;
    let constructor = def.of_kind(MemberKind::Constructor).find(
        |member| matches!(member.parameters.as_slice(), [only] if only.ty.is(known::IENUMERABLE)),
    )?;
    let mut args = [items];
    let mut call = crate::runtime::Call {
        rt,
        args: &mut args,
        types: ty.args(),
        member: constructor,
    };
    Some((constructor.run)(&mut call))
}
