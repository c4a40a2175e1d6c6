//! Heap objects: what a .NET reference points to.
//!
//! Every class instance of the library is a Rust struct that implements [`Object`]. The trait answers what any .NET
//! object answers (type, equality, hash, text, enumeration); members are in the registry, not here.

use std::any::Any;
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use crate::runtime::{R, Runtime};
use crate::types::Type;
use crate::value::{Str, Value};

/// A class instance.
pub trait Object: Any {
    /// The run-time type.
    fn type_of(&self) -> Type;

    /// Reference identity. A handle that may exist several times for one object returns the object's own address.
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// `Equals(object)` where the type overrides it; `None` means reference equality.
    fn equals(&self, _other: &Value) -> Option<bool> {
        None
    }

    /// `GetHashCode()` where the type overrides it; must agree with [`Object::equals`].
    fn hash(&self) -> Option<u64> {
        None
    }

    /// `CompareTo(object)` where the type is comparable.
    fn compare(&self, _other: &Value) -> Option<std::cmp::Ordering> {
        None
    }

    /// `ToString()` where the type overrides it; `None` gives the type's name. `format` is the format of a composite
    /// format hole or `ToString(format)`, for types that are `IFormattable`.
    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(None)
    }

    /// `GetEnumerator()` where the type is enumerable.
    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        Ok(None)
    }

    /// A member read through `dynamic` that is no member of the type (`o.name` on a `JObject`).
    fn dynamic_get(&self, _name: &str) -> Option<R<Value>> {
        None
    }

    /// A member assigned through `dynamic`; `None` where the type has none such.
    fn dynamic_set(&self, _rt: &mut Runtime<'_>, _name: &str, _value: &Value) -> Option<R<()>> {
        None
    }
}

/// `IEnumerator`: one run through a sequence.
pub trait Iter {
    /// The next element, `None` after the last.
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>>;
}

/// Makes the enumerator of a lazy sequence.
type Make = Box<dyn Fn(&mut Runtime<'_>) -> R<Box<dyn Iter>>>;

/// A lazy sequence: runs anew on each enumeration.
pub struct Lazy {
    ty: Type,
    make: Make,
}

impl Lazy {
    /// A sequence of static type `ty` (`IEnumerable<int>`) whose enumerations `make` starts.
    pub fn value(ty: Type, make: impl Fn(&mut Runtime<'_>) -> R<Box<dyn Iter>> + 'static) -> Value {
        Value::object(Self {
            ty,
            make: Box::new(make),
        })
    }

    /// A sequence of that type whose elements are known.
    pub fn of(ty: Type, elements: Vec<Value>) -> Value {
        let elements: Rc<[Value]> = elements.into();
        Self::value(ty, move |_| {
            let elements = elements.clone();
            let mut at = 0;
            Ok(Box::new(Ready(std::iter::from_fn(move || {
                at += 1;
                elements.get(at - 1).cloned()
            }))))
        })
    }
}

impl Object for Lazy {
    fn type_of(&self) -> Type {
        self.ty.clone()
    }

    fn iterate(self: Rc<Self>, rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        (self.make)(rt).map(Some)
    }
}

/// A Rust iterator of ready values is an enumerator.
pub struct Ready<I>(pub I);

impl<I: Iterator<Item = Value>> Iter for Ready<I> {
    fn next(&mut self, rt: &mut Runtime<'_>) -> R<Option<Value>> {
        rt.tick()?;
        Ok(self.0.next())
    }
}

/// Fields in a row: tuples (`(a, b)` and `Tuple<…>`), anonymous types and `KeyValuePair`.
pub struct Record {
    /// The run-time type, which names the fields.
    pub ty: Type,
    /// The fields' values in order.
    pub fields: RefCell<Vec<Value>>,
}

impl Record {
    /// A new record.
    pub fn value(ty: Type, fields: Vec<Value>) -> Value {
        Value::object(Self {
            ty,
            fields: RefCell::new(fields),
        })
    }

    /// The field at `index`; null beyond the last.
    pub fn get(&self, index: usize) -> Value {
        self.fields.borrow().get(index).cloned().unwrap_or_default()
    }
}

impl Object for Record {
    fn type_of(&self) -> Type {
        self.ty.clone()
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        let Some(other) = other.as_object::<Self>() else {
            return Some(false);
        };
        if self.ty != other.ty {
            return Some(false);
        }
        let (a, b) = (self.fields.borrow(), other.fields.borrow());
        nested(|| {
            a.len() == b.len()
                && a.iter()
                    .zip(b.iter())
                    .all(|(a, b)| crate::runtime::equals(a, b))
        })
    }

    fn hash(&self) -> Option<u64> {
        let fields = self.fields.borrow();
        let hash = nested(|| {
            fields.iter().fold(17_u64, |hash, field| {
                hash.wrapping_mul(31)
                    .wrapping_add(crate::runtime::hash(field))
            })
        });
        Some(hash.unwrap_or_default())
    }

    fn compare(&self, other: &Value) -> Option<std::cmp::Ordering> {
        let other = other.as_object::<Self>()?;
        let (a, b) = (self.fields.borrow(), other.fields.borrow());
        nested(|| {
            for (a, b) in a.iter().zip(b.iter()) {
                match crate::runtime::compare(a, b)? {
                    std::cmp::Ordering::Equal => {}
                    unequal => return Some(unequal),
                }
            }
            Some(a.len().cmp(&b.len()))
        })
        .flatten()
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        let fields = self.fields.borrow().clone();
        let (open, close) = match &self.ty {
            Type::Anonymous(_) => ("{ ", " }"),
            Type::Named(def, _) if *def == crate::types::known::KEY_VALUE_PAIR => ("[", "]"),
            _ => ("(", ")"),
        };
        let mut out = crate::value::StrBuilder::new();
        out.push_str(open);
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            if let Type::Anonymous(names) = &self.ty
                && let Some((name, _)) = names.get(i)
            {
                out.push_str(name);
                out.push_str(" = ");
            }
            let text = rt.to_text(field)?;
            rt.tick()?;
            rt.allocate(text.len())?;
            out.push(&text);
        }
        out.push_str(close);
        Ok(Some(out.finish()))
    }
}

thread_local! {
    static NESTING: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Records in records are compared and hashed down to this depth; what lies deeper counts by reference.
const DEEPEST_RECORD: u32 = 1_000;

/// Records looked into without a step of the evaluation between: two records that hold each field twice, level upon
/// level, would take longer than anybody waits.
const MOST_RECORDS: u64 = 1_000_000;

/// Looks into a record's fields, unless that is too deep or too much; too much ends the evaluation at its next step.
fn nested<T>(look: impl FnOnce() -> T) -> Option<T> {
    if crate::forest::noted_work() >= MOST_RECORDS {
        crate::forest::work(usize::MAX);
        return None;
    }
    crate::forest::work(1);
    NESTING.with(|nesting| {
        let depth = nesting.get();
        if depth >= DEEPEST_RECORD {
            return None;
        }
        nesting.set(depth + 1);
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, look);
        nesting.set(depth);
        Some(result)
    })
}

/// `System.Type`, as `typeof(T)` and `GetType()` give it.
pub struct TypeObject(pub Type);

impl Object for TypeObject {
    fn type_of(&self) -> Type {
        Type::Named(crate::types::known::TYPE, None)
    }

    /// There is one object for each type in .NET.
    fn identity(&self) -> usize {
        let mut state = std::hash::DefaultHasher::new();
        self.0.hash(&mut state);
        usize::try_from(state.finish()).unwrap_or(usize::MAX)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0 == self.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(0)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(Str::from(self.0.full_name())))
    }
}
