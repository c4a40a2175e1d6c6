//! The .NET library: one file a type, in folders by category.
//!
//! Each file has a function `define(types: &mut Types)` that declares its type(s) and is listed once in its folder's
//! `mod.rs`. From the declarations come overload resolution, "did you mean", the documentation and the dispatch, so a
//! member is written down exactly once:
//!
//! ```text
//! pub(super) fn define(types: &mut Types) {
//!     let mut t = types.structure("System.TimeSpan");            // class, static_class, structure, interface, enumeration, delegate
//!     t.base("IComparable<TimeSpan>");                           // base class first, then interfaces; C# spelling
//!     t.constant("TimeSpan Zero", Const::TimeSpan(TimeSpan(0))); // constants and static readonly fields
//!     t.constructor("(int hours, int minutes, int seconds)", |c| { … c.int(0)? … });
//!     t.property("double TotalSeconds", |c| Ok((c.span(0)?.0 as f64 / 1e7).into()));
//!     t.method("TimeSpan Add(TimeSpan ts)", |c| add(c.span(0)?, c.span(1)?));
//!     t.static_method("TimeSpan Parse(string s)", |c| Ok(clr::timespan::parse(&c.str(0)?)?.into()));
//!     t.static_method("bool TryParse(string s, out TimeSpan result)", |c| { … c.set(1, span); Ok(true.into()) });
//!     t.operator("TimeSpan operator +(TimeSpan a, TimeSpan b)", |c| …);
//!     t.implicit("DateTimeOffset (DateTime value)", |c| …);      // target type first; also t.explicit
//!     t.indexer_with_set("JToken this[object key]", get, set).mutates();
//!     t.extension("TSource First<TSource>(this IEnumerable<TSource> source)", |c| …);
//! }
//! ```
//!
//! Rules of the tables:
//! - Signatures are C# text: `params`, `out`, `ref`, defaults (`bool x = false`, `int n = -1`, `T d = default`,
//!   `StringComparison c = StringComparison.Ordinal`), generics, tuples, arrays, `T?`. Any declared type can be named by
//!   its simple name, wherever it is declared. `types::registry` tests that every signature can be read.
//! - The function gets a [`crate::runtime::Call`]. Argument 0 of an instance member is the receiver (never null: the
//!   caller has thrown `NullReferenceException`); static members, constructors and operators start at 0. Arguments have
//!   exactly the declared types, optional ones filled in, `params` as one array. Read them with `c.int(i)?`,
//!   `c.str(i)?` (null: `ArgumentNullException` with the parameter's name), `c.opt_str(i)?`, `c.value(i)`,
//!   `c.object::<T>(i)?` …; `c.ty(i)` is a type argument, the declaring type's first, then the method's.
//! - `T?` is null or the plain value. Boxing does nothing. An enumeration's value is `Value::Enum(def, number)`.
//! - A setter's last argument is the value.
//! - Throw with [`crate::runtime::Fault`]: `Err(Fault::argument_null("s"))`, `Fault::new("System.FormatException", …)`.
//! - Anything whose size or running time the expression controls first asks `c.rt.allocate(bytes)?` or
//!   `c.rt.spend(steps)?`. Sequences come in through `c.rt.iterate(&value)?` (lazy) or `c.rt.collect(&value)?` (all);
//!   delegates are called by `c.rt.invoke(&f, &[x])?`. Lazy results are [`crate::value::Lazy`], arrays and lists
//!   [`collections::array`] and [`collections::list`].
//! - `.mutates()` on every member that changes its receiver or an argument; `.beyond_documentation()` on members that
//!   are not on APIM's documented allow-list (`t.beyond_documentation()` for a whole type).
//! - Class instances are Rust structs that implement [`crate::value::Object`]: text, equality, order and enumeration
//!   are answered there. Exceptions' further properties: `ExceptionObject::with`.

pub(crate) mod collections;
pub(crate) mod context;
mod convert;
pub(crate) mod crypto;
mod dom;
pub(crate) mod json;
pub(crate) mod linq;
pub(crate) mod net;
pub(crate) mod numbers;
#[cfg(test)]
pub(crate) mod probe;
mod regex;
pub(crate) mod system;
pub(crate) mod text;
mod time;
pub(crate) mod xml;

use crate::types::Types;
use crate::value::Value;

/// Declares the whole library.
pub(crate) fn define(types: &mut Types) {
    system::define(types);
    text::define(types);
    numbers::define(types);
    convert::define(types);
    net::define(types);
    time::define(types);
    collections::define(types);
    linq::define(types);
    json::define(types);
    regex::define(types);
    crypto::define(types);
    xml::define(types);
    dom::define(types);
    context::define(types);
}

/// Whether a value that can be enumerated is shown as text all the same.
pub(crate) fn is_text_like(value: &Value) -> bool {
    let ty = value.type_of();
    if matches!(ty, crate::types::Type::Array(..)) {
        return false;
    }
    let name = ty.full_name();
    name.starts_with("System.Xml.") || name.starts_with("Newtonsoft.")
}
