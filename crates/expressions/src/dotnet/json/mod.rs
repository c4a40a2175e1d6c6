//! Json.NET's types: bindings of [`crate::json`], which does the work.
//!
//! A token is a `Value::Json`; its class follows from its kind. Here stands what all bindings share: how tokens answer
//! as objects, how values become tokens, and how the exceptions of `json` become .NET's.

mod content;
mod conversions;
mod exceptions;
mod extensions;
mod jarray;
mod jconstructor;
mod jobject;
mod jproperty;
mod json_convert;
mod jtoken;
mod jvalue;
mod operators;
mod serialize;
mod typed;

use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::OnceLock;

use crate::fault::ExceptionObject;
use crate::json::{self, JToken, Key, ReaderOptions, Scalar, TokenType};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{DefId, Registry, Type, Types, known};
use crate::value::{Iter, Lazy, Object, Record, Str, Value};

pub(crate) use self::content::{scalar_of, value_of};
pub(crate) use self::jvalue::compare_to_object;
pub(crate) use self::operators::{binary, unwrap};
pub(crate) use self::serialize::serialize;
pub(crate) use self::typed::to_object;

pub(crate) fn define(types: &mut Types) {
    exceptions::define(types);
    jtoken::define(types);
    jobject::define(types);
    jarray::define(types);
    jproperty::define(types);
    jvalue::define(types);
    jconstructor::define(types);
    extensions::define(types);
    json_convert::define(types);
}

/// Types of this folder that are no reserved names.
struct Defs {
    property: DefId,
    constructor: DefId,
    raw: DefId,
    token_type: DefId,
    enumerable: DefId,
    big_integer: DefId,
}

fn defs() -> &'static Defs {
    static DEFS: OnceLock<Defs> = OnceLock::new();
    DEFS.get_or_init(|| {
        // All are declared by this folder; `object` stands in if a name were ever missing.
        let id = |name: &str| {
            Registry::get()
                .by_full_name(name)
                .map_or(known::OBJECT, |def| def.id)
        };
        Defs {
            property: id("Newtonsoft.Json.Linq.JProperty"),
            constructor: id("Newtonsoft.Json.Linq.JConstructor"),
            raw: id("Newtonsoft.Json.Linq.JRaw"),
            token_type: id("Newtonsoft.Json.Linq.JTokenType"),
            enumerable: id("Newtonsoft.Json.Linq.JEnumerable`1"),
            big_integer: id("System.Numerics.BigInteger"),
        }
    })
}

/// The static type `JToken`.
const JTOKEN: Type = Type::Named(known::JTOKEN, None);

impl From<json::Error> for Fault {
    fn from(error: json::Error) -> Self {
        let name = error.kind.full_name();
        let Some(position) = error.position else {
            return Fault::new(name, error.message.into_owned());
        };
        let ty = Registry::get()
            .by_full_name(name)
            .map_or(Type::EXCEPTION, |def| Type::Named(def.id, None));
        let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let exception = ExceptionObject::new(ty, error.message.into_owned().into())
            .with("LineNumber", whole(position.line))
            .with("LinePosition", whole(position.column))
            .with("Path", position.path);
        Fault::throw(Rc::new(exception))
    }
}

impl Object for JToken {
    fn type_of(&self) -> Type {
        let def = match self.token_type() {
            TokenType::Object => known::JOBJECT,
            TokenType::Array => known::JARRAY,
            TokenType::Property => defs().property,
            TokenType::Constructor => defs().constructor,
            TokenType::Raw => defs().raw,
            _ => known::JVALUE,
        };
        Type::Named(def, None)
    }

    fn identity(&self) -> usize {
        JToken::identity(self)
    }

    /// Values are equal by type and content, containers only to themselves.
    fn equals(&self, other: &Value) -> Option<bool> {
        Some(matches!(other, Value::Json(other) if self.value_equals(other)))
    }

    fn hash(&self) -> Option<u64> {
        Some(self.value_hash())
    }

    fn compare(&self, other: &Value) -> Option<Ordering> {
        if !self.is_value() {
            return None;
        }
        match other {
            Value::Json(other) => self.compare_to(other).ok(),
            Value::Null => Some(Ordering::Greater),
            other => self
                .compare_to(&JToken::new_value(scalar_of(other)?).ok()?)
                .ok(),
        }
    }

    fn to_text(&self, rt: &mut Runtime<'_>, format: Option<&str>) -> R<Option<Str>> {
        // A value formats as what it holds; containers know no formats.
        if let (Some(format), Some(value)) = (format, self.scalar()) {
            let value = value_of(&value);
            return rt.format(&value, Some(format)).map(Some);
        }
        if !self.is_value() {
            return printed(rt, self, json::Formatting::Indented).map(Some);
        }
        let text = JToken::to_text(self);
        rt.allocate(text.heap_size())?;
        Ok(Some(text))
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        Ok(Some(Box::new(Children::new((*self).clone()))))
    }

    fn dynamic_get(&self, name: &str) -> Option<R<Value>> {
        (self.token_type() == TokenType::Object).then(|| Ok(self.get_str(name).into()))
    }

    fn dynamic_set(&self, rt: &mut Runtime<'_>, name: &str, value: &Value) -> Option<R<()>> {
        (self.token_type() == TokenType::Object).then(|| {
            let value = content::token_of(value)?;
            rt.allocate(128)?;
            content::account_copy(rt, self, value.as_ref())?;
            Ok(self.set(&name.into(), value.as_ref())?)
        })
    }
}

/// An enumeration of a container's children that notices changes.
struct Children {
    parent: JToken,
    at: usize,
    version: u32,
    /// Whether a `KeyValuePair` stands for each property.
    pairs: bool,
}

impl Children {
    fn new(parent: JToken) -> Self {
        let version = parent.version();
        Self {
            parent,
            at: 0,
            version,
            pairs: false,
        }
    }
}

impl Iter for Children {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        pay(rt)?;
        rt.tick()?;
        if self.parent.version() != self.version {
            return Err(Fault::collection_changed());
        }
        let Some(child) = self.parent.child(self.at) else {
            return Ok(None);
        };
        self.at += 1;
        if self.pairs
            && let Some(name) = child.name()
        {
            let ty = Type::generic(known::KEY_VALUE_PAIR, [Type::STRING, JTOKEN]);
            return Ok(Some(Record::value(
                ty,
                vec![name.into(), child.property_value().into()],
            )));
        }
        Ok(Some(Value::Json(child)))
    }
}

/// The pairs that `foreach` over a `JObject` gives: `KeyValuePair<string, JToken>`.
pub(crate) fn pairs(object: &JToken) -> Box<dyn Iter> {
    Box::new(Children {
        pairs: true,
        ..Children::new(object.clone())
    })
}

/// A lazy `IJEnumerable<JToken>` of tokens found now.
fn tokens(found: Vec<JToken>) -> Value {
    lazy(Type::generic(defs().enumerable, [JTOKEN]), found)
}

/// The same as a plain `IEnumerable<JToken>`.
fn sequence(found: Vec<JToken>) -> Value {
    lazy(Type::enumerable(JTOKEN), found)
}

/// A lazy sequence, of that type, of tokens found now.
fn lazy(ty: Type, found: Vec<JToken>) -> Value {
    Lazy::of(ty, found.into_iter().map(Value::Json).collect())
}

/// The children as a lazy sequence that notices changes.
fn children(parent: JToken) -> Value {
    children_as(Type::generic(defs().enumerable, [JTOKEN]), parent)
}

/// The same as a sequence of that type.
fn children_as(ty: Type, parent: JToken) -> Value {
    Lazy::value(ty, move |_| Ok(Box::new(Children::new(parent.clone()))))
}

/// Pays for the work on trees that the last members called have caused.
fn pay(rt: &mut Runtime<'_>) -> R<()> {
    rt.spend(crate::forest::take_work())
}

/// Argument `index` as a token; null is an `ArgumentNullException`.
fn token(c: &mut Call<'_, '_>, index: usize) -> R<JToken> {
    pay(c.rt)?;
    match c.value(index) {
        Value::Json(token) => Ok(token),
        _ => Err(Fault::argument_null(c.parameter(index))),
    }
}

/// Argument `index` as a token, `None` for null.
fn opt_token(c: &Call<'_, '_>, index: usize) -> Option<JToken> {
    match c.value(index) {
        Value::Json(token) => Some(token),
        _ => None,
    }
}

/// Argument `index` as what stands in the brackets of `token[key]`.
fn key(c: &mut Call<'_, '_>, index: usize) -> R<Key> {
    Ok(match c.value(index) {
        Value::Str(name) => Key::Name(name),
        Value::Int32(at) => Key::Index(at),
        Value::Null => Key::Null,
        other => Key::Other(c.rt.to_text(&other)?.to_utf8().into_owned()),
    })
}

/// `JToken.Parse` and its relatives: reads JSON with the evaluation's limits.
fn read(c: &mut Call<'_, '_>, parse: fn(&str, &ReaderOptions) -> json::Result<JToken>) -> R<Value> {
    let text = c.str(0)?;
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(json::size_of_tree(&text))?;
    Ok(parse(&text, &ReaderOptions::default())?.into())
}

/// `JToken.Parse(text)` for other bindings, such as bodies.
pub(crate) fn parse_text(text: &str, wanted: &Type) -> json::Result<JToken> {
    let options = ReaderOptions::default();
    if wanted.is(known::JOBJECT) {
        json::parse_object(text, &options)
    } else if wanted.is(known::JARRAY) {
        json::parse_array(text, &options)
    } else {
        json::parse(text, &options)
    }
}

/// The text of a token with one of the `Formatting` values.
fn formatted(c: &mut Call<'_, '_>, token: &JToken, formatting: i64) -> R<Value> {
    let formatting = match formatting {
        0 => json::Formatting::None,
        1 => json::Formatting::Indented,
        _ => {
            return Err(Fault::outside("value"));
        }
    };
    Ok(printed(c.rt, token, formatting)?.into())
}

/// JSON text, made only as far as there is room for it.
fn printed(rt: &mut Runtime<'_>, token: &JToken, formatting: json::Formatting) -> R<Str> {
    let room = rt.room();
    let text = token.to_json_within(formatting, room);
    pay(rt)?;
    rt.allocate(text.as_ref().map_or(room.saturating_add(1), String::len))?;
    Ok(text.unwrap_or_default().into())
}

/// A `System.Uri`; text that is none stays text.
fn uri_value(text: &Str) -> Value {
    crate::dotnet::net::uri_from_text(text).unwrap_or_else(|_| Value::Str(text.clone()))
}

/// A JSON null or a missing token.
fn is_nothing(value: &Scalar) -> bool {
    matches!(value, Scalar::Null)
}

/// The plain value that a `JValue` holds; `None` for containers.
pub(crate) fn scalar_value(token: &JToken) -> Option<Value> {
    token.scalar().map(|scalar| value_of(&scalar))
}

/// Compact JSON text of a token.
pub(crate) fn compact(token: &JToken) -> String {
    token.to_json(json::Formatting::None)
}
