//! `System.FormattableString`: an interpolated text whose format and arguments are still apart.

use super::join::composite;
use crate::dotnet::collections;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types, known};
use crate::value::{Object, Str, Value};

/// What C# makes of an interpolated text where a `FormattableString` or `IFormattable` is wanted.
pub(crate) struct FormattableText {
    format: Str,
    /// The `object[]` that `GetArguments()` gives: who changes it changes the text.
    args: Value,
}

impl FormattableText {
    /// Bytes that one takes, its arguments apart: two objects and a buffer.
    pub(crate) const SIZE: usize = 256;

    pub(crate) fn new(format: Str, args: Vec<Value>) -> Self {
        Self {
            format,
            args: collections::array(Type::OBJECT, args),
        }
    }

    fn text(&self, rt: &mut Runtime<'_>) -> R<Str> {
        let args = rt.collect(&self.args)?;
        composite(rt, &self.format, &args)
    }
}

impl Object for FormattableText {
    fn type_of(&self) -> Type {
        Type::Named(known::CONCRETE_FORMATTABLE_STRING, None)
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        self.text(rt).map(Some)
    }
}

fn text(c: &mut Call<'_, '_>) -> R<Value> {
    let own = c.object::<FormattableText>(0)?;
    Ok(own.text(c.rt)?.into())
}

/// The static forms name their parameter when it is null.
fn text_of_argument(c: &mut Call<'_, '_>) -> R<Value> {
    if c.value(0).is_null() {
        return Err(Fault::argument_null("formattable"));
    }
    text(c)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.FormattableString");
    t.base("object").base("IFormattable");
    t.property("string Format", |c| {
        Ok(c.object::<FormattableText>(0)?.format.clone().into())
    });
    t.property("int ArgumentCount", |c| {
        let own = c.object::<FormattableText>(0)?;
        let count = collections::elements_of(&own.args).map_or(0, |args| args.len());
        Ok(Value::Int32(i32::try_from(count).unwrap_or(i32::MAX)))
    });
    t.method("object[] GetArguments()", |c| {
        Ok(c.object::<FormattableText>(0)?.args.clone())
    });
    t.method("object GetArgument(int index)", |c| {
        let own = c.object::<FormattableText>(0)?;
        let index = usize::try_from(c.int(1)?);
        collections::elements_of(&own.args)
            .and_then(|args| args.get(index.ok()?).cloned())
            .ok_or_else(Fault::index_out_of_range)
    });
    t.method("string ToString()", text);
    t.method("string ToString(IFormatProvider formatProvider)", text);
    t.static_method(
        "string Invariant(FormattableString formattable)",
        text_of_argument,
    );
    t.static_method(
        "string CurrentCulture(FormattableString formattable)",
        text_of_argument,
    );
    let mut t = types.static_class("System.Runtime.CompilerServices.FormattableStringFactory");
    t.beyond_documentation();
    t.static_method(
        "FormattableString Create(string format, params object[] arguments)",
        |c| {
            let (format, args) = (c.str(0)?, c.required(1)?);
            c.rt.allocate(FormattableText::SIZE)?;
            Ok(Value::object(FormattableText { format, args }))
        },
    );
    let mut t = types.class(
        "System.Runtime.CompilerServices.FormattableStringFactory.ConcreteFormattableString",
    );
    t.base("FormattableString").beyond_documentation();
}
