//! `MatchCollection`, `GroupCollection` and `CaptureCollection`

use std::rc::Rc;

use super::match_types::Captured;
use super::named;
use crate::dotnet::collections::enumerator;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{DefId, Type, Types};
use crate::value::{Iter, Lazy, Object, Str, Value};

/// A fixed list of captures, groups or matches.
pub(super) struct Collection {
    def: DefId,
    items: Rc<[Value]>,
    /// The match whose groups these are, for access by number and name.
    owner: Option<Rc<Captured>>,
}

impl Collection {
    pub(super) fn value(def: DefId, items: Vec<Value>, owner: Option<Rc<Captured>>) -> Value {
        Value::object(Self {
            def,
            items: items.into(),
            owner,
        })
    }
}

impl Object for Collection {
    fn type_of(&self) -> Type {
        named(self.def)
    }

    fn iterate(self: Rc<Self>, _rt: &mut Runtime<'_>) -> R<Option<Box<dyn Iter>>> {
        let items = self.items.clone();
        let mut at = 0;
        Ok(Some(Box::new(crate::value::Ready(std::iter::from_fn(
            move || {
                at += 1;
                items.get(at - 1).cloned()
            },
        )))))
    }
}

fn count(c: &mut Call<'_, '_>) -> R<Value> {
    let count = c.object::<Collection>(0)?.items.len();
    Ok(i32::try_from(count).unwrap_or(i32::MAX).into())
}

fn item(c: &mut Call<'_, '_>) -> R<Value> {
    let at = usize::try_from(c.int(1)?).ok();
    let found = at.and_then(|at| c.object::<Collection>(0).ok()?.items.get(at).cloned());
    let outside = || Fault::outside("i");
    found.ok_or_else(outside)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Text.RegularExpressions.MatchCollection");
    t.base("IList<Match>").base("IReadOnlyList<Match>");
    t.property("int Count", count);
    t.method("IEnumerator<object> GetEnumerator()", enumerator::start);
    t.indexer("Match this[int i]", item);

    let mut t = types.class("System.Text.RegularExpressions.CaptureCollection");
    t.base("IList<Capture>").base("IReadOnlyList<Capture>");
    t.property("int Count", count);
    t.method("IEnumerator<object> GetEnumerator()", enumerator::start);
    t.indexer("Capture this[int i]", item);

    let mut t = types.class("System.Text.RegularExpressions.GroupCollection");
    t.base("IList<Group>").base("IReadOnlyList<Group>");
    t.property("int Count", count);
    t.method("IEnumerator<object> GetEnumerator()", enumerator::start);
    t.indexer("Group this[int groupnum]", |c| {
        let number = i64::from(c.int(1)?);
        let groups = c.object::<Collection>(0)?;
        Ok(group(&groups, |regex| regex.slot_of_number(number)))
    });
    t.property("IEnumerable<string> Keys", |c| {
        let names = names(&*c.object::<Collection>(0)?);
        let names = names
            .unwrap_or_else(|| vec![Str::literal("0")])
            .into_iter()
            .map(Value::Str)
            .collect();
        Ok(Lazy::of(Type::enumerable(Type::STRING), names))
    })
    .beyond_documentation();
    t.property("IEnumerable<Group> Values", |c| {
        let groups = c.object::<Collection>(0)?.items.to_vec();
        Ok(Lazy::of(
            Type::enumerable(named(super::defs().group)),
            groups,
        ))
    })
    .beyond_documentation();
    t.method("bool ContainsKey(string key)", |c| {
        Ok(place(c)?.is_some().into())
    })
    .beyond_documentation();
    t.method("bool TryGetValue(string key, out Group value)", |c| {
        let groups = c.object::<Collection>(0)?;
        let found = place(c)?.and_then(|at| groups.items.get(at).cloned());
        let known = found.is_some();
        c.set(2, found.unwrap_or_default());
        Ok(known.into())
    })
    .beyond_documentation();
    t.indexer("Group this[string groupname]", |c| {
        let name = c.str(1)?;
        let name = name.to_utf8();
        let groups = c.object::<Collection>(0)?;
        Ok(group(&groups, |regex| regex.slot_of_name(&name)))
    });
}

/// Names of the groups, in order; `None` after a match that failed.
fn names(groups: &Collection) -> Option<Vec<Str>> {
    let hit = groups.owner.as_ref()?.hit.as_ref()?;
    let names = hit.subject.regex.groups();
    Some(names.map(|(_, name)| Str::from(name)).collect())
}

/// Where the group with the name in the first argument is. After a match that failed .NET has no names to look at.
fn place(c: &Call<'_, '_>) -> R<Option<usize>> {
    let key = c.str(1)?;
    let names = names(&*c.object::<Collection>(0)?).ok_or_else(Fault::null_reference)?;
    Ok(names.iter().position(|name| *name == key))
}

/// A group by number or name; one that doesn't exist is a failed group, never an exception.
fn group(groups: &Collection, slot: impl Fn(&crate::regex::Regex) -> Option<usize>) -> Value {
    let owner = groups.owner.as_ref();
    let slot = owner
        .and_then(|owner| owner.hit.as_ref())
        .and_then(|hit| slot(&hit.subject.regex));
    match (slot, owner) {
        (Some(slot), _) => groups.items.get(slot).cloned().unwrap_or_default(),
        (None, Some(owner)) => owner.group(None),
        (None, None) => Value::Null,
    }
}
