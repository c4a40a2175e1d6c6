//! `JsonConvert` and `JsonSerializerSettings`

use std::cell::Cell;

use super::serialize::serialize_without_nulls;
use super::typed::{Source, to_type};
use super::{formatted, scalar_of, serialize};
use crate::json::{self, ReaderOptions, Scalar};
use crate::runtime::{Call, Fault, R};
use crate::types::{DefId, Registry, Type, Types, known, relations};
use crate::value::{Object, TypeObject, Value};

pub(super) fn define(types: &mut Types) {
    define_settings(types);
    let mut t = types.static_class("Newtonsoft.Json.JsonConvert");
    t.static_method("string SerializeObject(object value)", |c| {
        write(c, 0, None)
    });
    t.static_method(
        "string SerializeObject(object value, Formatting formatting)",
        |c| {
            let formatting = c.enumeration(1)?;
            write(c, formatting, None)
        },
    );
    t.static_method(
        "string SerializeObject(object value, JsonSerializerSettings settings)",
        |c| {
            let settings = c.opt_object::<Settings>(1)?;
            let formatting = settings.as_ref().map_or(0, |s| s.formatting.get());
            write(c, formatting, settings.as_deref())
        },
    );
    t.static_method(
        "string SerializeObject(object value, Formatting formatting, JsonSerializerSettings settings)",
        |c| {
            let (formatting, settings) = (c.enumeration(1)?, c.opt_object::<Settings>(2)?);
            write(c, formatting, settings.as_deref())
        },
    );
    t.static_method("object DeserializeObject(string value)", |c| {
        read(c, &Type::OBJECT)
    });
    t.static_method("object DeserializeObject(string value, Type type)", |c| {
        let ty = c
            .opt_object::<TypeObject>(1)?
            .map_or(Type::OBJECT, |ty| ty.0.clone());
        let token = Type::Named(known::JTOKEN, None);
        match read(c, &ty) {
            // Nothing is cast here: a token stays one, of whatever class.
            Err(_) if relations::is_assignable(&ty, &token) => read(c, &token),
            found => found,
        }
    });
    t.static_method(
        "object DeserializeObject(string value, JsonSerializerSettings settings)",
        |c| read(c, &Type::OBJECT),
    );
    t.static_method("T DeserializeObject<T>(string value)", |c| {
        let ty = c.ty(0);
        read(c, &ty)
    });
    t.static_method(
        "T DeserializeObject<T>(string value, JsonSerializerSettings settings)",
        |c| {
            let ty = c.ty(0);
            read(c, &ty)
        },
    );
    t.static_method(
        "T DeserializeAnonymousType<T>(string value, T anonymousTypeObject)",
        |c| {
            let ty = c.ty(0);
            read(c, &ty)
        },
    )
    .beyond_documentation();
    t.static_method("string ToString(object value)", |c| match c.value(0) {
        // Here alone what is no number goes without quotes.
        Value::Double(n) if !n.is_finite() => Ok(c.rt.to_text(&Value::Double(n))?.into()),
        Value::Single(n) if !n.is_finite() => Ok(c.rt.to_text(&Value::Single(n))?.into()),
        value if scalar_of(&value).is_some_and(|scalar| {
            !matches!(value, Value::Json(_))
                && !matches!(scalar, Scalar::Bytes(_) | Scalar::BigInteger(_))
        }) =>
        {
            write(c, 0, None)
        }
        value => Err(Fault::argument(
            &format!(
                "Unsupported type: {}. Use the JsonSerializer class to get the object's JSON representation.",
                value.type_of().full_name()
            ),
            "",
        )),
    })
        .beyond_documentation();
}

/// The settings that change what is written or read here.
struct Settings {
    null_values: Cell<i64>,
    formatting: Cell<i64>,
    date_parsing: Cell<i64>,
}

impl Object for Settings {
    fn type_of(&self) -> Type {
        let def = Registry::get().by_full_name("Newtonsoft.Json.JsonSerializerSettings");
        Type::Named(def.map_or(known::OBJECT, |def| def.id), None)
    }
}

fn enumeration(name: &str, value: i64) -> Value {
    let id = Registry::get()
        .by_full_name(name)
        .map_or(DefId(0), |def| def.id);
    Value::Enum(id, value)
}

fn define_settings(types: &mut Types) {
    const NULLS: &str = "Newtonsoft.Json.NullValueHandling";
    const DATES: &str = "Newtonsoft.Json.DateParseHandling";
    types
        .enumeration(NULLS, &[("Include", 0), ("Ignore", 1)])
        .beyond_documentation();
    types
        .enumeration(
            DATES,
            &[("None", 0), ("DateTime", 1), ("DateTimeOffset", 2)],
        )
        .beyond_documentation();
    let mut t = types.class("Newtonsoft.Json.JsonSerializerSettings");
    t.beyond_documentation();
    t.constructor("()", |_| {
        Ok(Value::object(Settings {
            null_values: Cell::new(0),
            formatting: Cell::new(0),
            date_parsing: Cell::new(1),
        }))
    });
    t.property_with_set(
        "NullValueHandling NullValueHandling",
        |c| {
            Ok(enumeration(
                NULLS,
                c.object::<Settings>(0)?.null_values.get(),
            ))
        },
        |c| {
            c.object::<Settings>(0)?.null_values.set(c.enumeration(1)?);
            Ok(Value::Null)
        },
    );
    t.property_with_set(
        "Formatting Formatting",
        |c| {
            Ok(enumeration(
                "Newtonsoft.Json.Formatting",
                c.object::<Settings>(0)?.formatting.get(),
            ))
        },
        |c| {
            c.object::<Settings>(0)?.formatting.set(c.enumeration(1)?);
            Ok(Value::Null)
        },
    );
    t.property_with_set(
        "DateParseHandling DateParseHandling",
        |c| {
            Ok(enumeration(
                DATES,
                c.object::<Settings>(0)?.date_parsing.get(),
            ))
        },
        |c| {
            c.object::<Settings>(0)?.date_parsing.set(c.enumeration(1)?);
            Ok(Value::Null)
        },
    );
}

fn write(c: &mut Call<'_, '_>, formatting: i64, settings: Option<&Settings>) -> R<Value> {
    let value = c.value(0);
    let token = match settings {
        Some(settings) if settings.null_values.get() == 1 => serialize_without_nulls(c.rt, &value)?,
        _ => serialize(c.rt, &value)?,
    };
    formatted(c, &token, formatting)
}

fn read(c: &mut Call<'_, '_>, ty: &Type) -> R<Value> {
    let text = c.str(0)?;
    let text = text.to_utf8();
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(json::size_of_tree(&text))?;
    let dates_off = c
        .value(1)
        .as_object::<Settings>()
        .is_some_and(|settings| settings.date_parsing.get() == 0);
    // Date strings are found where the type wants one: a `string` keeps the text as it was written.
    let options = ReaderOptions {
        detect_dates: false,
        ..ReaderOptions::default()
    };
    let Some(token) = json::parse_content(&text, &options)? else {
        if ty.is_value_type() && ty.nullable_underlying().is_none() {
            return Err(Fault::new(
                "Newtonsoft.Json.JsonSerializationException",
                format!(
                    "No JSON content found and type '{}' is not nullable. Path '', line 0, position 0.",
                    ty.full_name()
                ),
            ));
        }
        return Ok(super::typed::default_of(ty));
    };
    let source = if dates_off {
        Source::Token
    } else {
        Source::Text
    };
    to_type(c.rt, &token, ty, source)
}
