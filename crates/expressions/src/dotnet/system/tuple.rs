//! `System.Tuple`, `System.Tuple<…>` and `System.ValueTuple`: fields in a row with equality and order by field.

use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Record, Value};

/// The tuple that a constructor or `Create` makes of its arguments.
fn make(c: &mut Call<'_, '_>) -> R<Value> {
    let ty = c.member.result.substitute(c.types, c.types);
    c.rt.allocate(64)?;
    Ok(Record::value(ty, c.args.to_vec()))
}

fn item(c: &Call<'_, '_>, index: usize) -> R<Value> {
    match c.value(0).as_object::<Record>() {
        Some(tuple) => Ok(tuple.get(index)),
        None => Err(Fault::null_reference()),
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Tuple<T1>");
    t.base("IComparable");
    t.constructor("(T1 item1)", make);
    t.property("T1 Item1", |c| item(c, 0));
    let mut t = types.class("System.Tuple<T1, T2>");
    t.base("IComparable");
    t.constructor("(T1 item1, T2 item2)", make);
    t.property("T1 Item1", |c| item(c, 0));
    t.property("T2 Item2", |c| item(c, 1));
    let mut t = types.class("System.Tuple<T1, T2, T3>");
    t.base("IComparable");
    t.constructor("(T1 item1, T2 item2, T3 item3)", make);
    t.property("T1 Item1", |c| item(c, 0));
    t.property("T2 Item2", |c| item(c, 1));
    t.property("T3 Item3", |c| item(c, 2));
    let mut t = types.class("System.Tuple<T1, T2, T3, T4>");
    t.base("IComparable");
    t.constructor("(T1 item1, T2 item2, T3 item3, T4 item4)", make);
    t.property("T1 Item1", |c| item(c, 0));
    t.property("T2 Item2", |c| item(c, 1));
    t.property("T3 Item3", |c| item(c, 2));
    t.property("T4 Item4", |c| item(c, 3));
    let mut t = types.class("System.Tuple<T1, T2, T3, T4, T5>");
    t.base("IComparable");
    t.constructor("(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5)", make);
    t.property("T1 Item1", |c| item(c, 0));
    t.property("T2 Item2", |c| item(c, 1));
    t.property("T3 Item3", |c| item(c, 2));
    t.property("T4 Item4", |c| item(c, 3));
    t.property("T5 Item5", |c| item(c, 4));
    let mut t = types.class("System.Tuple<T1, T2, T3, T4, T5, T6>");
    t.base("IComparable");
    t.constructor(
        "(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6)",
        make,
    );
    t.property("T1 Item1", |c| item(c, 0));
    t.property("T2 Item2", |c| item(c, 1));
    t.property("T3 Item3", |c| item(c, 2));
    t.property("T4 Item4", |c| item(c, 3));
    t.property("T5 Item5", |c| item(c, 4));
    t.property("T6 Item6", |c| item(c, 5));
    let mut t = types.class("System.Tuple<T1, T2, T3, T4, T5, T6, T7>");
    t.base("IComparable");
    t.constructor(
        "(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7)",
        make,
    );
    t.property("T1 Item1", |c| item(c, 0));
    t.property("T2 Item2", |c| item(c, 1));
    t.property("T3 Item3", |c| item(c, 2));
    t.property("T4 Item4", |c| item(c, 3));
    t.property("T5 Item5", |c| item(c, 4));
    t.property("T6 Item6", |c| item(c, 5));
    t.property("T7 Item7", |c| item(c, 6));

    let mut t = types.static_class("System.Tuple");
    t.static_method("Tuple<T1> Create<T1>(T1 item1)", make);
    t.static_method("Tuple<T1, T2> Create<T1, T2>(T1 item1, T2 item2)", make);
    t.static_method(
        "Tuple<T1, T2, T3> Create<T1, T2, T3>(T1 item1, T2 item2, T3 item3)",
        make,
    );
    t.static_method(
        "Tuple<T1, T2, T3, T4> Create<T1, T2, T3, T4>(T1 item1, T2 item2, T3 item3, T4 item4)",
        make,
    );
    t.static_method("Tuple<T1, T2, T3, T4, T5> Create<T1, T2, T3, T4, T5>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5)", make);
    t.static_method("Tuple<T1, T2, T3, T4, T5, T6> Create<T1, T2, T3, T4, T5, T6>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6)", make);
    t.static_method("Tuple<T1, T2, T3, T4, T5, T6, T7> Create<T1, T2, T3, T4, T5, T6, T7>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7)", make);

    let mut t = types.static_class("System.ValueTuple");
    t.static_method("(T1, T2) Create<T1, T2>(T1 item1, T2 item2)", make);
    t.static_method(
        "(T1, T2, T3) Create<T1, T2, T3>(T1 item1, T2 item2, T3 item3)",
        make,
    );
    t.static_method(
        "(T1, T2, T3, T4) Create<T1, T2, T3, T4>(T1 item1, T2 item2, T3 item3, T4 item4)",
        make,
    );
    t.static_method("(T1, T2, T3, T4, T5) Create<T1, T2, T3, T4, T5>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5)", make);
    t.static_method("(T1, T2, T3, T4, T5, T6) Create<T1, T2, T3, T4, T5, T6>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6)", make);
    t.static_method("(T1, T2, T3, T4, T5, T6, T7) Create<T1, T2, T3, T4, T5, T6, T7>(T1 item1, T2 item2, T3 item3, T4 item4, T5 item5, T6 item6, T7 item7)", make);
}
