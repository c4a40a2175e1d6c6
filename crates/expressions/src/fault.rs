//! Why an evaluation stopped: a .NET exception, a body that must be buffered first, or a limit.
//!
//! Library functions return [`crate::runtime::R`]; an exception carries its .NET type and message, and the place in
//! the source is added by the call that raised it. Limits cannot be caught by the expression's own `catch`.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::host::MessageSide;
use crate::runtime::{R, Runtime};
use crate::types::{Registry, Type};
use crate::value::{Object, Shared, Str, Value};

/// A .NET exception that ended an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Name of the .NET type without namespace, `FormatException`.
    pub type_name: String,
    /// The exception's `Message`.
    pub message: String,
    /// Byte offset in the expression's source, where known.
    pub offset: Option<usize>,
}

impl Exception {
    /// An exception of that type.
    #[must_use]
    pub fn new(type_name: &str, message: impl Into<String>) -> Self {
        Self {
            type_name: type_name.to_owned(),
            message: message.into(),
            offset: None,
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exception {}

/// Why [`crate::Expression::evaluate`] gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// An unhandled exception, or a limit that was reached.
    Exception(Box<Exception>),
    /// A body is read that the host has not buffered: buffer it and evaluate again.
    NeedsBody(MessageSide),
}

/// Name under which a reached limit is reported.
pub const LIMIT_TYPE: &str = "ExpressionLimitException";

/// What travels up through a running expression.
#[derive(Clone)]
pub struct Fault(Box<FaultKind>);

/// See [`Fault`].
#[derive(Clone)]
pub enum FaultKind {
    /// A thrown exception object and the source offset of the throwing call.
    Thrown(Rc<ExceptionObject>, Option<u32>),
    /// See [`Stop::NeedsBody`].
    NeedsBody(MessageSide),
    /// A limit was reached.
    Limit(String, Option<u32>),
}

impl Fault {
    /// An exception by full .NET type name.
    #[must_use]
    pub fn new(type_name: &str, message: impl Into<Str>) -> Self {
        let ty = Registry::get()
            .by_full_name(type_name)
            .map_or(Type::EXCEPTION, |def| Type::Named(def.id, None));
        Self::throw(Rc::new(ExceptionObject::new(ty, message.into())))
    }

    /// An exception with `ParamName`; the message gets .NET Core's ` (Parameter 'name')`.
    #[must_use]
    pub fn with_parameter(type_name: &str, message: &str, parameter: &str) -> Self {
        let ty = Registry::get()
            .by_full_name(type_name)
            .map_or(Type::EXCEPTION, |def| Type::Named(def.id, None));
        let message = if parameter.is_empty() {
            message.to_owned()
        } else {
            format!("{message} (Parameter '{parameter}')")
        };
        let mut object = ExceptionObject::new(ty, Str::from(message));
        object.parameter = Some(Str::from(parameter));
        Self::throw(Rc::new(object))
    }

    /// An exception around another.
    #[must_use]
    pub fn with_inner(type_name: &str, message: &str, inner: Rc<ExceptionObject>) -> Self {
        let ty = Registry::get()
            .by_full_name(type_name)
            .map_or(Type::EXCEPTION, |def| Type::Named(def.id, None));
        let mut object = ExceptionObject::new(ty, Str::from(message));
        object.inner = Value::Object(Shared::new(inner));
        Self::throw(Rc::new(object))
    }

    /// Throws an existing exception object.
    #[must_use]
    pub fn throw(object: Rc<ExceptionObject>) -> Self {
        Self(Box::new(FaultKind::Thrown(object, None)))
    }

    /// `ArgumentNullException`
    #[must_use]
    pub fn argument_null(parameter: &str) -> Self {
        Self::with_parameter(
            "System.ArgumentNullException",
            "Value cannot be null.",
            parameter,
        )
    }

    /// `ArgumentOutOfRangeException`
    #[must_use]
    pub fn out_of_range(parameter: &str, message: &str) -> Self {
        Self::with_parameter("System.ArgumentOutOfRangeException", message, parameter)
    }

    /// The same with the message that .NET has for it by default.
    #[must_use]
    pub fn outside(parameter: &str) -> Self {
        Self::out_of_range(
            parameter,
            "Specified argument was out of the range of valid values.",
        )
    }

    /// `ArgumentException`
    #[must_use]
    pub fn argument(message: &str, parameter: &str) -> Self {
        Self::with_parameter("System.ArgumentException", message, parameter)
    }

    /// `NullReferenceException`
    #[must_use]
    pub fn null_reference() -> Self {
        Self::new(
            "System.NullReferenceException",
            Str::literal("Object reference not set to an instance of an object."),
        )
    }

    /// `InvalidCastException` for a cast from one type to another.
    #[must_use]
    pub fn invalid_cast(from: &Type, to: &Type) -> Self {
        Self::new(
            "System.InvalidCastException",
            format!(
                "Unable to cast object of type '{}' to type '{}'.",
                from.full_name(),
                to.full_name()
            ),
        )
    }

    /// `InvalidOperationException`
    #[must_use]
    pub fn invalid_operation(message: &str) -> Self {
        Self::new("System.InvalidOperationException", message)
    }

    /// `FormatException`
    #[must_use]
    pub fn format(message: &str) -> Self {
        Self::new("System.FormatException", message)
    }

    /// `OverflowException` of arithmetic
    #[must_use]
    pub fn overflow() -> Self {
        Self::new(
            "System.OverflowException",
            Str::literal("Arithmetic operation resulted in an overflow."),
        )
    }

    /// `DivideByZeroException`
    #[must_use]
    pub fn divide_by_zero() -> Self {
        Self::new(
            "System.DivideByZeroException",
            Str::literal("Attempted to divide by zero."),
        )
    }

    /// `IndexOutOfRangeException`
    #[must_use]
    pub fn index_out_of_range() -> Self {
        Self::new(
            "System.IndexOutOfRangeException",
            Str::literal("Index was outside the bounds of the array."),
        )
    }

    /// The `ArgumentOutOfRangeException` of an index into a list.
    #[must_use]
    pub fn list_index() -> Self {
        Self::out_of_range(
            "index",
            "Index was out of range. Must be non-negative and less than the size of the collection.",
        )
    }

    /// The `KeyNotFoundException` of a dictionary.
    #[must_use]
    pub fn key_not_found(key: &str) -> Self {
        Self::new(
            "System.Collections.Generic.KeyNotFoundException",
            format!("The given key '{key}' was not present in the dictionary."),
        )
    }

    /// The exception of an enumeration whose collection changed.
    #[must_use]
    pub fn collection_changed() -> Self {
        Self::invalid_operation("Collection was modified; enumeration operation may not execute.")
    }

    /// `RuntimeBinderException` of `dynamic`.
    #[must_use]
    pub fn binder(message: &str) -> Self {
        Self::new(
            "Microsoft.CSharp.RuntimeBinder.RuntimeBinderException",
            message,
        )
    }

    /// A limit was reached; cannot be caught.
    #[must_use]
    pub fn limit(message: impl Into<String>) -> Self {
        Self(Box::new(FaultKind::Limit(message.into(), None)))
    }

    /// The body of `side` is not buffered yet.
    #[must_use]
    pub fn needs_body(side: MessageSide) -> Self {
        Self(Box::new(FaultKind::NeedsBody(side)))
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &FaultKind {
        &self.0
    }

    /// Notes where in the source it was raised, unless that is known already.
    #[must_use]
    pub fn at(mut self, offset: u32) -> Self {
        match &mut *self.0 {
            FaultKind::Thrown(_, place) | FaultKind::Limit(_, place) => {
                place.get_or_insert(offset);
            }
            FaultKind::NeedsBody(_) => {}
        }
        self
    }

    /// The public form.
    #[must_use]
    pub fn into_stop(self) -> Stop {
        match *self.0 {
            FaultKind::Thrown(object, place) => Stop::Exception(Box::new(Exception {
                type_name: object.ty.reflection_name(),
                message: object.message.to_utf8().into_owned(),
                offset: place.map(|at| at as usize),
            })),
            FaultKind::NeedsBody(side) => Stop::NeedsBody(side),
            FaultKind::Limit(message, place) => Stop::Exception(Box::new(Exception {
                type_name: LIMIT_TYPE.to_owned(),
                message,
                offset: place.map(|at| at as usize),
            })),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            FaultKind::Thrown(object, _) => {
                write!(f, "{}: {}", object.ty.full_name(), object.message)
            }
            FaultKind::NeedsBody(side) => write!(f, "needs the body of {side:?}"),
            FaultKind::Limit(message, _) => f.write_str(message),
        }
    }
}

/// An object of `System.Exception` or a type derived from it.
pub struct ExceptionObject {
    /// The exception's type.
    pub ty: Type,
    /// `Message`
    pub message: Str,
    /// `InnerException`, or null.
    pub inner: Value,
    /// `ParamName` of argument exceptions.
    pub parameter: Option<Str>,
    /// Further properties of particular types (`LineNumber` of `JsonReaderException`).
    pub properties: RefCell<Vec<(&'static str, Value)>>,
}

impl ExceptionObject {
    /// An exception without inner exception.
    #[must_use]
    pub fn new(ty: Type, message: Str) -> Self {
        Self {
            ty,
            message,
            inner: Value::Null,
            parameter: None,
            properties: RefCell::default(),
        }
    }

    /// Adds a further property.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.properties.borrow_mut().push((name, value.into()));
        self
    }

    /// A further property; null when unset.
    pub fn property(&self, name: &str) -> Value {
        self.properties
            .borrow()
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default()
    }
}

impl Object for ExceptionObject {
    fn type_of(&self) -> Type {
        self.ty.clone()
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        let mut text = self.ty.full_name();
        if !self.message.is_empty() {
            text.push_str(&format!(": {}", self.message));
        }
        if !self.inner.is_null() {
            let inner = rt.to_text(&self.inner)?;
            text.push_str(&format!(
                "\n ---> {inner}\n   --- End of inner exception stack trace ---"
            ));
        }
        rt.allocate(text.len())?;
        Ok(Some(Str::from(text)))
    }
}

impl From<crate::clr::Error> for Fault {
    fn from(error: crate::clr::Error) -> Self {
        Self::new(error.kind.full_name(), error.message)
    }
}
