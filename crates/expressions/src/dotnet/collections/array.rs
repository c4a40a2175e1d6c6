//! `T[]`: the object. The members of `System.Array` are in [`super::array_members`].

use std::cell::RefCell;
use std::rc::Rc;

use crate::runtime::{Fault, R, Runtime};
use crate::types::Type;
use crate::value::{Iter, Object, Value};

/// An array of one or two dimensions.
pub(crate) struct Array {
    /// Element type.
    pub element: Type,
    data: RefCell<Data>,
    /// Number of columns of a two-dimensional array.
    pub columns: Option<usize>,
}

/// Bytes are kept as bytes: message bodies are arrays too.
enum Data {
    Bytes(Vec<u8>),
    Values(Vec<Value>),
}

impl Array {
    pub(crate) fn new(element: Type, items: Vec<Value>) -> Self {
        let data = if element == Type::BYTE {
            Data::Bytes(items.iter().map(byte).collect())
        } else {
            Data::Values(items)
        };
        Self {
            element,
            data: RefCell::new(data),
            columns: None,
        }
    }

    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self {
            element: Type::BYTE,
            data: RefCell::new(Data::Bytes(bytes)),
            columns: None,
        }
    }

    /// The same elements as an array of two dimensions.
    pub(crate) fn with_columns(mut self, columns: usize) -> Self {
        self.columns = Some(columns);
        self
    }

    pub(crate) fn len(&self) -> usize {
        match &*self.data.borrow() {
            Data::Bytes(bytes) => bytes.len(),
            Data::Values(values) => values.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Value> {
        match &*self.data.borrow() {
            Data::Bytes(bytes) => bytes.get(index).copied().map(Value::Byte),
            Data::Values(values) => values.get(index).cloned(),
        }
    }

    /// Stores an element; `false` when there is no such index.
    pub(crate) fn set(&self, index: usize, value: Value) -> bool {
        match &mut *self.data.borrow_mut() {
            Data::Bytes(bytes) => bytes.get_mut(index).map(|place| *place = byte(&value)),
            Data::Values(values) => values.get_mut(index).map(|place| *place = value),
        }
        .is_some()
    }

    /// Stores an element as the language does: the index must exist, and the element must be what this array, whose
    /// static type may be another's, was made for.
    pub(crate) fn store(&self, index: i32, value: Value) -> R<()> {
        if self.element.is_reference()
            && !value.is_null()
            && !Runtime::is_instance(&value, &self.element)
        {
            return Err(Fault::new(
                "System.ArrayTypeMismatchException",
                "Attempted to access an element as a type incompatible with the array.",
            ));
        }
        match usize::try_from(index) {
            Ok(at) if self.set(at, value) => Ok(()),
            _ => Err(Fault::index_out_of_range()),
        }
    }

    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match &*self.data.borrow() {
            Data::Bytes(bytes) => Some(bytes.clone()),
            Data::Values(_) => None,
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<Value> {
        match &*self.data.borrow() {
            Data::Bytes(bytes) => bytes.iter().copied().map(Value::Byte).collect(),
            Data::Values(values) => values.clone(),
        }
    }

    /// Replaces all elements by as many others.
    pub(crate) fn replace(&self, items: Vec<Value>) {
        let mut data = self.data.borrow_mut();
        *data = match *data {
            Data::Bytes(_) => Data::Bytes(items.iter().map(byte).collect()),
            Data::Values(_) => Data::Values(items),
        };
    }
}

fn byte(value: &Value) -> u8 {
    match value {
        Value::Byte(byte) => *byte,
        _ => 0,
    }
}

impl Object for Array {
    fn type_of(&self) -> Type {
        let rank = if self.columns.is_some() { 2 } else { 1 };
        Type::Array(std::sync::Arc::new(self.element.clone()), rank)
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        Ok(Some(Box::new(Run { array: self, at: 0 })))
    }
}

struct Run {
    array: Rc<Array>,
    at: usize,
}

impl Iter for Run {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        let value = self.array.get(self.at);
        self.at += 1;
        Ok(value)
    }
}
