//! `JsonException` and its kinds.

use crate::dotnet::system::exception_type;
use crate::fault::ExceptionObject;
use crate::runtime::{Call, R};
use crate::types::Types;
use crate::value::Value;

fn property(c: &Call<'_, '_>, name: &str) -> R<Value> {
    Ok(c.object::<ExceptionObject>(0)?.property(name))
}

/// A number that is 0 unless a reader set it.
fn number(c: &Call<'_, '_>, name: &str) -> R<Value> {
    Ok(match property(c, name)? {
        Value::Null => Value::Int32(0),
        number => number,
    })
}

pub(super) fn define(types: &mut Types) {
    exception_type(types, "Newtonsoft.Json.JsonException", "Exception").beyond_documentation();
    let mut t = exception_type(
        types,
        "Newtonsoft.Json.JsonReaderException",
        "JsonException",
    );
    t.beyond_documentation();
    t.property("int LineNumber", |c| number(c, "LineNumber"));
    t.property("int LinePosition", |c| number(c, "LinePosition"));
    t.property("string Path", |c| property(c, "Path"));
    exception_type(
        types,
        "Newtonsoft.Json.JsonSerializationException",
        "JsonException",
    )
    .beyond_documentation();
    types
        .structure("System.Numerics.BigInteger")
        .beyond_documentation();
}
