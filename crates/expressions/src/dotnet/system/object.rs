//! `System.Object`, `System.Type` and the roots of value types, enumerations and delegates.

use std::rc::Rc;

use crate::runtime::{Fault, equals, hash};
use crate::types::relations::base_class;
use crate::types::{Type, TypeDef, Types};
use crate::value::{Str, TypeObject, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Object");
    t.constructor("()", |_| Ok(Value::object(Plain)));
    t.method("bool Equals(object obj)", |c| {
        Ok(equals(&c.value(0), &c.value(1)).into())
    });
    t.method("int GetHashCode()", |c| Ok(hash_code(&c.value(0)).into()));
    t.method("Type GetType()", |c| {
        Ok(Value::object(TypeObject(c.value(0).type_of())))
    });
    t.method("string ToString()", |c| {
        let receiver = c.value(0);
        Ok(c.rt.to_text(&receiver)?.into())
    });
    t.static_method("bool Equals(object objA, object objB)", |c| {
        Ok(equals(&c.value(0), &c.value(1)).into())
    });
    t.static_method("bool ReferenceEquals(object objA, object objB)", |c| {
        Ok(c.value(0).same(&c.value(1)).into())
    });

    types.class("System.ValueType").base("object");
    types.class("System.Delegate").base("object");
    types.interface("System.IDisposable");
    let mut t = types.interface("System.IComparable");
    t.method("int CompareTo(object obj)", |c| match c.value(0) {
        Value::Null => Err(Fault::null_reference()),
        Value::Json(_) => crate::dotnet::json::compare_to_object(c),
        own => crate::dotnet::numbers::compare_to_object(c, &own.type_of().reflection_name()),
    });
    types.interface("System.IFormatProvider");
    let mut t = types.interface("System.IFormattable");
    t.method(
        "string ToString(string format, IFormatProvider formatProvider)",
        |c| {
            let receiver = c.required(0)?;
            let format = c.opt_str(1)?.map(|f| f.to_utf8().into_owned());
            Ok(c.rt.format(&receiver, format.as_deref())?.into())
        },
    )
    .beyond_documentation();

    let mut t = types.class("System.Type");
    t.property("string Name", |c| {
        let ty = c.object::<TypeObject>(0)?;
        Ok(Str::from(ty.0.reflection_name()).into())
    });
    t.property("string FullName", |c| {
        let ty = c.object::<TypeObject>(0)?;
        let name = ty.0.full_name();
        Ok(Str::from(match name.split_once('[') {
            Some((name, _)) if ty.0.is_definition() => name,
            _ => &name,
        })
        .into())
    });
    t.property("string Namespace", |c| {
        let ty = c.object::<TypeObject>(0)?;
        // An array's is that of its elements.
        let mut element = &ty.0;
        while let Type::Array(inner, _) = element {
            element = inner;
        }
        let mut def = element.def();
        while let Some(declaring) = def.and_then(TypeDef::declaring) {
            def = Some(declaring);
        }
        Ok(def.map(|def| Str::from(&*def.namespace)).into())
    })
    .beyond_documentation();
    t.property("Type BaseType", |c| {
        let ty = c.object::<TypeObject>(0)?;
        Ok(base_class(&ty.0)
            .map(|base| Rc::new(TypeObject(base)))
            .into())
    })
    .beyond_documentation();
    t.property("bool IsArray", |c| {
        let ty = c.object::<TypeObject>(0)?;
        Ok(matches!(ty.0, Type::Array(..)).into())
    })
    .beyond_documentation();
    t.property("bool IsEnum", |c| {
        Ok(c.object::<TypeObject>(0)?.0.is_enum().into())
    })
    .beyond_documentation();
    t.property("bool IsValueType", |c| {
        let ty = c.object::<TypeObject>(0)?;
        Ok((ty.0.is_value_type() || ty.0.nullable_underlying().is_some()).into())
    })
    .beyond_documentation();
    t.property("bool IsGenericType", |c| {
        let ty = c.object::<TypeObject>(0)?;
        Ok((!ty.0.args().is_empty() || ty.0.is_definition()).into())
    })
    .beyond_documentation();
    t.property("bool IsGenericTypeDefinition", |c| {
        Ok(c.object::<TypeObject>(0)?.0.is_definition().into())
    })
    .beyond_documentation();
    t.method("Type GetGenericTypeDefinition()", |c| {
        match &c.object::<TypeObject>(0)?.0 {
            ty @ Type::Named(def, args) if args.is_some() || ty.is_definition() => {
                Ok(Value::object(TypeObject(Type::Named(*def, None))))
            }
            _ => Err(Fault::invalid_operation(
                "This operation is only valid on generic types.",
            )),
        }
    })
    .beyond_documentation();
}

/// `new object()`
struct Plain;

impl crate::value::Object for Plain {
    fn type_of(&self) -> crate::types::Type {
        crate::types::Type::OBJECT
    }
}

/// `GetHashCode()`: .NET's own values for integers, an arbitrary stable number otherwise.
pub(crate) fn hash_code(value: &Value) -> i32 {
    match value {
        Value::Null => 0,
        Value::Bool(v) => i32::from(*v),
        Value::SByte(_) | Value::Byte(_) | Value::Int16(_) | Value::UInt16(_) | Value::Int32(_) => {
            value
                .as_integer()
                .and_then(|n| i32::try_from(n).ok())
                .unwrap_or(0)
        }
        Value::Int64(v) => fold(v.cast_unsigned()),
        Value::UInt32(v) => v.cast_signed(),
        Value::UInt64(v) => fold(*v),
        other => fold(hash(other)),
    }
}

fn fold(bits: u64) -> i32 {
    let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
    i32::from_le_bytes([a, b, c, d]) ^ i32::from_le_bytes([e, f, g, h])
}
