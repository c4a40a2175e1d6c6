//! `System.Exception` and the types derived from it.

use std::rc::Rc;

use crate::fault::ExceptionObject;
use crate::runtime::{Call, R};
use crate::types::{Type, TypeBuilder, Types};
use crate::value::{Str, Value};

/// Declares an exception type with the three usual constructors: none, message, message and inner exception.
pub(crate) fn exception_type<'a>(
    types: &'a mut Types,
    name: &str,
    base: &'static str,
) -> TypeBuilder<'a> {
    let mut t = types.class(name);
    t.base(base);
    t.constructor("()", |c| make(c, None, Value::Null));
    t.constructor("(string message)", |c| {
        let message = given(c, 0)?;
        make(c, Some(message), Value::Null)
    });
    t.constructor("(string message, Exception innerException)", |c| {
        let (message, inner) = (given(c, 0)?, c.value(1));
        make(c, Some(message), inner)
    });
    t
}

/// A message argument. What is given as null says no more than the type; `ArgumentException` alone has its own text.
fn given(c: &Call<'_, '_>, index: usize) -> R<Str> {
    Ok(c.opt_str(index)?.unwrap_or_else(|| {
        let ty = own_type(c);
        let name = ty.full_name();
        match name.as_str() {
            // An `ArgumentException` too.
            "System.Globalization.CultureNotFoundException" => {
                Str::literal("Value does not fall within the expected range.")
            }
            "System.ArgumentException"
            | "System.Xml.XmlException"
            | "System.Xml.XPath.XPathException" => default_message(&ty),
            name => Str::from(format!("Exception of type '{name}' was thrown.")),
        }
    }))
}

fn own_type(c: &Call<'_, '_>) -> Type {
    Type::Named(c.member.owner, None)
}

fn make(c: &mut Call<'_, '_>, message: Option<Str>, inner: Value) -> R<Value> {
    c.rt.allocate(size_of::<ExceptionObject>() + 64)?;
    let ty = own_type(c);
    let message = message.unwrap_or_else(|| default_message(&ty));
    let mut object = ExceptionObject::new(ty, message);
    object.inner = inner;
    Ok(Value::object(object))
}

/// The message of an exception made without one.
fn default_message(ty: &Type) -> Str {
    let full = ty.full_name();
    let text = match full.as_str() {
        "System.ArgumentException" => "Value does not fall within the expected range.",
        "System.ArgumentNullException" => "Value cannot be null.",
        "System.ArgumentOutOfRangeException" => {
            "Specified argument was out of the range of valid values."
        }
        "System.ArithmeticException" => "Overflow or underflow in the arithmetic operation.",
        "System.DivideByZeroException" => "Attempted to divide by zero.",
        "System.OverflowException" => "Arithmetic operation resulted in an overflow.",
        "System.FormatException" | "System.UriFormatException" => {
            "One of the identified items was in an invalid format."
        }
        "System.InvalidCastException" => "Specified cast is not valid.",
        "System.InvalidOperationException" => {
            "Operation is not valid due to the current state of the object."
        }
        "System.NullReferenceException" => "Object reference not set to an instance of an object.",
        "System.IndexOutOfRangeException" => "Index was outside the bounds of the array.",
        "System.ArrayTypeMismatchException" => {
            "Attempted to access an element as a type incompatible with the array."
        }
        "System.Collections.Generic.KeyNotFoundException" => {
            "The given key was not present in the dictionary."
        }
        "System.NotSupportedException" => "Specified method is not supported.",
        "System.NotImplementedException" => "The method or operation is not implemented.",
        "System.TimeoutException" | "System.Text.RegularExpressions.RegexMatchTimeoutException" => {
            "The operation has timed out."
        }
        "System.RankException" => {
            "Attempted to operate on an array with the incorrect number of dimensions."
        }
        "System.IO.IOException" => "I/O error occurred.",
        "System.Security.SecurityException" => "Security error.",
        "System.Security.Cryptography.CryptographicException" => {
            "Error occurred during a cryptographic operation."
        }
        "System.Xml.XPath.XPathException" => "",
        "System.Xml.XmlException" => "An XML error has occurred.",
        "System.Globalization.CultureNotFoundException" => "Culture is not supported.",
        "System.SystemException" => "System error.",
        "System.ApplicationException" => "Error in the application.",
        "System.UnauthorizedAccessException" => "Attempted to perform an unauthorized operation.",
        _ => return Str::from(format!("Exception of type '{full}' was thrown.")),
    };
    Str::literal(text)
}

fn this(c: &Call<'_, '_>) -> R<Rc<ExceptionObject>> {
    c.object::<ExceptionObject>(0)
}

pub(super) fn define(types: &mut Types) {
    let mut t = exception_type(types, "System.Exception", "object");
    t.property("string Message", |c| Ok(this(c)?.message.clone().into()));
    t.property("Exception InnerException", |c| Ok(this(c)?.inner.clone()));
    t.property("string StackTrace", |c| {
        this(c)?;
        Ok(Value::Null)
    });
    t.property_with_set(
        "string Source",
        |c| Ok(this(c)?.property("Source")),
        |c| set(c, "Source"),
    );
    t.property_with_set(
        "string HelpLink",
        |c| Ok(this(c)?.property("HelpLink")),
        |c| set(c, "HelpLink"),
    );
    t.property("int HResult", |_| Ok(Value::Int32(-2_146_233_088)));
    t.property("IDictionary<object, object> Data", |c| {
        let exception = this(c)?;
        let data = exception.property("Data");
        if !data.is_null() {
            return Ok(data);
        }
        let data = crate::dotnet::collections::dictionary(Type::OBJECT, Type::OBJECT);
        exception
            .properties
            .borrow_mut()
            .push(("Data", data.clone()));
        Ok(data)
    });
    t.method("Exception GetBaseException()", |c| {
        let mut at = c.value(0);
        loop {
            let inner = match at.as_object::<ExceptionObject>() {
                Some(exception) if !exception.inner.is_null() => exception.inner.clone(),
                _ => return Ok(at),
            };
            at = inner;
        }
    });

    exception_type(types, "System.SystemException", "Exception");
    exception_type(types, "System.ApplicationException", "Exception");
    for (name, base) in [
        ("System.ArithmeticException", "SystemException"),
        ("System.DivideByZeroException", "ArithmeticException"),
        ("System.OverflowException", "ArithmeticException"),
        ("System.FormatException", "SystemException"),
        ("System.UriFormatException", "FormatException"),
        ("System.InvalidCastException", "SystemException"),
        ("System.InvalidOperationException", "SystemException"),
        ("System.NullReferenceException", "SystemException"),
        ("System.IndexOutOfRangeException", "SystemException"),
        ("System.ArrayTypeMismatchException", "SystemException"),
        ("System.RankException", "SystemException"),
        ("System.NotSupportedException", "SystemException"),
        ("System.NotImplementedException", "SystemException"),
        ("System.TimeoutException", "SystemException"),
        ("System.UnauthorizedAccessException", "SystemException"),
        ("System.TimeZoneNotFoundException", "Exception"),
        ("System.InvalidTimeZoneException", "Exception"),
        (
            "System.Collections.Generic.KeyNotFoundException",
            "SystemException",
        ),
        ("System.Security.SecurityException", "SystemException"),
        (
            "System.Security.Cryptography.CryptographicException",
            "SystemException",
        ),
        ("System.Xml.XmlException", "SystemException"),
        ("System.IO.IOException", "SystemException"),
        (
            "System.Text.RegularExpressions.RegexMatchTimeoutException",
            "TimeoutException",
        ),
        (
            "Microsoft.CSharp.RuntimeBinder.RuntimeBinderException",
            "Exception",
        ),
    ] {
        exception_type(types, name, base);
    }
    // Thrown here only, never made by an expression.
    types
        .class("System.Net.Sockets.SocketException")
        .beyond_documentation()
        .base("SystemException");
    argument_exceptions(types);
    object_disposed_exception(types);
}

fn object_disposed_exception(types: &mut Types) {
    let mut t = types.class("System.ObjectDisposedException");
    t.base("InvalidOperationException");
    t.constructor("(string objectName)", |c| {
        let name = c.opt_str(0)?;
        disposed(c, name, None)
    });
    t.constructor("(string objectName, string message)", |c| {
        let (name, message) = (c.opt_str(0)?, c.opt_str(1)?);
        disposed(c, name, Some(message))
    });
    t.constructor("(string message, Exception innerException)", |c| {
        let (message, inner) = (c.opt_str(0)?, c.value(1));
        make(c, message, inner)
    });
    t.property("string ObjectName", |c| {
        Ok(match this(c)?.property("ObjectName") {
            Value::Null => Str::EMPTY.into(),
            name => name,
        })
    });
}

/// The message of an object's end names the object.
fn disposed(c: &mut Call<'_, '_>, name: Option<Str>, message: Option<Option<Str>>) -> R<Value> {
    let ty = own_type(c);
    let message = match message {
        Some(message) => message.unwrap_or_else(|| default_message(&ty)),
        None => Str::literal("Cannot access a disposed object."),
    };
    let message = match &name {
        Some(name) if !name.is_empty() => Str::from(format!("{message}\nObject name: '{name}'.")),
        _ => message,
    };
    Ok(Value::object(
        ExceptionObject::new(ty, message).with("ObjectName", name),
    ))
}

fn set(c: &mut Call<'_, '_>, name: &'static str) -> R<Value> {
    let exception = this(c)?;
    let value = c.value(1);
    let mut properties = exception.properties.borrow_mut();
    properties.retain(|(n, _)| *n != name);
    properties.push((name, value));
    Ok(Value::Null)
}

fn with_parameter(
    c: &mut Call<'_, '_>,
    message: Option<Str>,
    parameter: Option<Str>,
    inner: Value,
) -> R<Value> {
    c.rt.allocate(size_of::<ExceptionObject>() + 64)?;
    let ty = own_type(c);
    let message = message.unwrap_or_else(|| default_message(&ty));
    let message = match &parameter {
        Some(name) if !name.is_empty() => Str::from(format!("{message} (Parameter '{name}')")),
        _ => message,
    };
    let mut object = ExceptionObject::new(ty, message);
    object.parameter = parameter;
    object.inner = inner;
    Ok(Value::object(object))
}

/// `(string paramName, string message)`
pub(crate) fn with_name(c: &mut Call<'_, '_>) -> R<Value> {
    let (parameter, message) = (c.opt_str(0)?, given(c, 1)?);
    with_parameter(c, Some(message), parameter, Value::Null)
}

fn argument_exceptions(types: &mut Types) {
    let mut t = exception_type(types, "System.ArgumentException", "SystemException");
    t.constructor("(string message, string paramName)", |c| {
        let (message, parameter) = (given(c, 0)?, c.opt_str(1)?);
        with_parameter(c, Some(message), parameter, Value::Null)
    });
    t.constructor(
        "(string message, string paramName, Exception innerException)",
        |c| {
            let (message, parameter, inner) = (given(c, 0)?, c.opt_str(1)?, c.value(2));
            with_parameter(c, Some(message), parameter, inner)
        },
    );
    t.property("string ParamName", |c| {
        Ok(this(c)?.parameter.clone().into())
    });

    for name in [
        "System.ArgumentNullException",
        "System.ArgumentOutOfRangeException",
    ] {
        let mut t = types.class(name);
        t.base("ArgumentException");
        t.constructor("()", |c| with_parameter(c, None, None, Value::Null));
        t.constructor("(string paramName)", |c| {
            let parameter = c.opt_str(0)?;
            with_parameter(c, None, parameter, Value::Null)
        });
        t.constructor("(string message, Exception innerException)", |c| {
            let (message, inner) = (given(c, 0)?, c.value(1));
            with_parameter(c, Some(message), None, inner)
        });
        t.constructor("(string paramName, string message)", |c| {
            let (parameter, message) = (c.opt_str(0)?, given(c, 1)?);
            with_parameter(c, Some(message), parameter, Value::Null)
        });
    }
    let mut t = types.class("System.ArgumentOutOfRangeException");
    t.base("ArgumentException");
    t.constructor(
        "(string paramName, object actualValue, string message)",
        |c| {
            let (parameter, message) = (c.opt_str(0)?, given(c, 2)?);
            let actual = c.value(1);
            let text = c.rt.to_text(&actual)?;
            let made = with_parameter(c, Some(message), parameter, Value::Null)?;
            let Some(object) = made.as_object::<ExceptionObject>() else {
                return Ok(made);
            };
            let mut object = ExceptionObject {
                ty: object.ty.clone(),
                message: object.message.clone(),
                inner: Value::Null,
                parameter: object.parameter.clone(),
                properties: std::cell::RefCell::default(),
            };
            if !actual.is_null() {
                object.message = Str::from(format!("{}\nActual value was {text}.", object.message));
            }
            Ok(Value::object(object.with("ActualValue", actual)))
        },
    );
    t.property("object ActualValue", |c| {
        Ok(this(c)?.property("ActualValue"))
    });
}
