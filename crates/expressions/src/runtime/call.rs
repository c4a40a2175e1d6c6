//! A call of a library function: its arguments, already converted to the parameters' types by the checker.

use std::rc::Rc;

use rust_decimal::Decimal;

use super::{Fault, R, Runtime};
use crate::types::{Member, Type};
use crate::value::{DateTime, DateTimeOffset, Object, Str, TimeSpan, Value};

/// Arguments of a library function. Of an instance member, argument 0 is the receiver, which is never null.
pub struct Call<'a, 'h> {
    /// The running evaluation.
    pub rt: &'a mut Runtime<'h>,
    /// The arguments; `out` and `ref` ones are written back from here.
    pub args: &'a mut [Value],
    /// Arguments of the declaring generic type, followed by those of the generic method.
    pub types: &'a [Type],
    /// The member called.
    pub member: &'static Member,
}

macro_rules! number {
    ($($name:ident: $ty:ty = $variant:ident;)+) => { $(
        #[doc = concat!("Argument `index` as `", stringify!($ty), "`.")]
        pub fn $name(&self, index: usize) -> R<$ty> {
            match self.args.get(index) {
                Some(Value::$variant(value)) => Ok(*value),
                other => Err(self.wrong(index, other)),
            }
        }
    )+ };
}

impl Call<'_, '_> {
    number! {
        int: i32 = Int32; long: i64 = Int64; uint: u32 = UInt32; ulong: u64 = UInt64; short: i16 = Int16;
        ushort: u16 = UInt16; sbyte: i8 = SByte; byte: u8 = Byte; bool: bool = Bool; char: u16 = Char;
        float: f32 = Single; double: f64 = Double; decimal: Decimal = Decimal; date: DateTime = DateTime;
        offset: DateTimeOffset = DateTimeOffset; span: TimeSpan = TimeSpan; guid: uuid::Uuid = Guid;
    }

    /// Number of arguments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.args.len()
    }

    /// Whether there are no arguments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    /// Argument `index`; null beyond the last.
    #[must_use]
    pub fn value(&self, index: usize) -> Value {
        self.args.get(index).cloned().unwrap_or_default()
    }

    /// Argument `index`, which must not be null: `ArgumentNullException` with the parameter's name.
    pub fn required(&self, index: usize) -> R<Value> {
        match self.args.get(index) {
            Some(value) if !value.is_null() => Ok(value.clone()),
            _ => Err(Fault::argument_null(self.parameter(index))),
        }
    }

    /// Argument `index` as a string that must not be null: `ArgumentNullException` with the parameter's name.
    pub fn str(&self, index: usize) -> R<Str> {
        match self.args.get(index) {
            Some(Value::Str(text)) => Ok(text.clone()),
            Some(Value::Null) | None => Err(Fault::argument_null(self.parameter(index))),
            other => Err(self.wrong(index, other)),
        }
    }

    /// Argument `index` as a string, `None` for null.
    pub fn opt_str(&self, index: usize) -> R<Option<Str>> {
        match self.args.get(index) {
            Some(Value::Str(text)) => Ok(Some(text.clone())),
            Some(Value::Null) | None => Ok(None),
            other => Err(self.wrong(index, other)),
        }
    }

    /// Argument `index` as the number of an enumeration's value.
    pub fn enumeration(&self, index: usize) -> R<i64> {
        match self.args.get(index) {
            Some(Value::Enum(_, value)) => Ok(*value),
            other => Err(self.wrong(index, other)),
        }
    }

    /// Argument `index` as the heap object `T`; null is an `ArgumentNullException`.
    pub fn object<T: Object>(&self, index: usize) -> R<Rc<T>> {
        let value = self.required(index)?;
        value
            .to_object::<T>()
            .ok_or_else(|| self.wrong(index, Some(&value)))
    }

    /// Argument `index` as the heap object `T`, `None` for null.
    pub fn opt_object<T: Object>(&self, index: usize) -> R<Option<Rc<T>>> {
        if self.args.get(index).is_none_or(Value::is_null) {
            Ok(None)
        } else {
            self.object(index).map(Some)
        }
    }

    /// Argument `index` as bytes; null is an `ArgumentNullException`.
    pub fn bytes(&self, index: usize) -> R<Vec<u8>> {
        let value = self.required(index)?;
        crate::dotnet::collections::bytes_of(&value).ok_or_else(|| self.wrong(index, Some(&value)))
    }

    /// Type argument `index`: those of the declaring type come first.
    #[must_use]
    pub fn ty(&self, index: usize) -> Type {
        self.types.get(index).cloned().unwrap_or(Type::OBJECT)
    }

    /// Writes an `out` or `ref` argument.
    pub fn set(&mut self, index: usize, value: impl Into<Value>) {
        if let Some(place) = self.args.get_mut(index) {
            *place = value.into();
        }
    }

    /// The name of the parameter behind argument `index`.
    #[must_use]
    pub fn parameter(&self, index: usize) -> &'static str {
        use crate::types::MemberKind as K;
        let at = match self.member.kind {
            K::Method | K::Property | K::Indexer if !self.member.is_static => index.wrapping_sub(1),
            _ => index,
        };
        self.member.parameters.get(at).map_or("value", |p| &p.name)
    }

    /// The checker passed something else than the signature says: an error in the tables, reported as an exception.
    fn wrong(&self, index: usize, found: Option<&Value>) -> Fault {
        match found {
            None | Some(Value::Null) => Fault::argument_null(self.parameter(index)),
            Some(value) => Fault::new(
                "System.InvalidCastException",
                format!(
                    "Argument '{}' of '{}' cannot be of type '{}'.",
                    self.parameter(index),
                    self.member.signature,
                    value.type_of()
                ),
            ),
        }
    }
}
