//! Changes to token trees: adding, replacing, removing, merging.
//!
//! The rules are Json.NET's: a token that already has a parent is copied when it is added elsewhere, a null becomes a
//! `JValue` of type Null, an object holds only properties and each name once, a property holds exactly one value.

use std::rc::Rc;

use super::scalar::Scalar;
use super::token::{JToken, Key, TokenType};
use super::tree::{Id, Kind, NONE, Tree};
use super::{Error, Result};
use crate::forest::work;
use crate::value::Str;

impl JToken {
    /// A token ready to be put under `self`: null, copied if it has a parent or would hold itself, and in one tree
    /// with `self`. Both are returned where they lie then.
    fn prepared(&self, item: Option<&Self>) -> Result<(Self, Self)> {
        let here = self.located();
        let item = match item {
            None => Self::null(),
            Some(item) => {
                let item = item.located();
                if here.takes_copy(&item) {
                    item.deep_clone()
                } else {
                    item
                }
            }
        };
        Tree::join(&here.tree, &item.tree)?;
        Ok((here.located(), item.located()))
    }

    /// Whether a copy of `item` is put under this token: whoever adds a token accounts for that.
    pub fn copies(&self, item: &Self) -> bool {
        self.located().takes_copy(&item.located())
    }

    /// [`JToken::copies`] for two tokens that are located.
    fn takes_copy(&self, item: &Self) -> bool {
        item.read(|nodes, id| nodes.get(id).parent != NONE) || self.lies_under(item)
    }

    /// Whether `root` is the root above this token, or this token itself. Both are located.
    fn lies_under(&self, root: &Self) -> bool {
        Rc::ptr_eq(&self.tree, &root.tree) && self.read(|nodes, id| nodes.root_of(id)) == root.id
    }

    /// `ValidateToken`: whether `item` may be put under `self`, in the place of `existing` if given.
    fn validate(&self, item: &Self, existing: Option<&Self>) -> Result<()> {
        let is_property = item.token_type() == TokenType::Property;
        let cannot_add = || {
            Error::argument(format!(
                "Can not add Newtonsoft.Json.Linq.{} to Newtonsoft.Json.Linq.{}.",
                item.class(),
                self.class()
            ))
        };
        if self.token_type() != TokenType::Object {
            return if is_property {
                Err(cannot_add())
            } else {
                Ok(())
            };
        }
        if !is_property {
            return Err(cannot_add());
        }
        let Some(name) = item.name() else {
            return Ok(());
        };
        if existing.and_then(Self::name).is_some_and(|old| old == name)
            || self.property(&name).is_none()
        {
            return Ok(());
        }
        Err(Error::argument(format!(
            "Can not add property {name} to Newtonsoft.Json.Linq.JObject. Property with the same name already exists \
             on object."
        )))
    }

    /// `Insert(index, token)` of a container.
    pub fn insert(&self, index: i32, item: Option<&Self>) -> Result<()> {
        let count = self.count();
        let at = usize::try_from(index)
            .ok()
            .filter(|at| *at <= count)
            .ok_or_else(|| {
                Error::from(crate::clr::Error::out_of_range(
                    "Index must be within the bounds of the List.",
                    Some("index"),
                ))
            })?;
        self.insert_at(at, item)
    }

    fn insert_at(&self, at: usize, item: Option<&Self>) -> Result<()> {
        let own_type = self.token_type();
        let is_comment = item.is_some_and(|item| item.token_type() == TokenType::Comment);
        match own_type {
            // A comment has no name to be found under.
            TokenType::Object | TokenType::Property if is_comment => return Ok(()),
            TokenType::Property if self.has_values() => {
                return Err(Error::json(
                    "Newtonsoft.Json.Linq.JProperty cannot have multiple values.",
                ));
            }
            TokenType::Object | TokenType::Array | TokenType::Constructor | TokenType::Property => {
            }
            _ => return Err(self.wrong_key("Set", "set", &Key::Other(String::new()))),
        }
        if let Some(item) = item {
            self.validate(item, None)?;
        } else if own_type == TokenType::Object {
            self.validate(&Self::null(), None)?;
        }
        let (here, there) = self.prepared(item)?;
        here.write(|nodes, id| {
            match &mut nodes.get_mut(id).kind {
                Kind::Object(_) => return nodes.insert_member(id, at, there.id),
                Kind::Array(items) | Kind::Constructor { items, .. } => {
                    let at = at.min(items.ids.len());
                    work((items.ids.len() - at) / 64);
                    items.ids.insert(at, there.id);
                    items.version = items.version.wrapping_add(1);
                }
                Kind::Property { value, .. } => *value = there.id,
                Kind::Value { .. } => return,
            }
            nodes.get_mut(there.id).parent = id;
        });
        Ok(())
    }

    /// `Add(token)` of a container.
    pub fn add(&self, item: Option<&Self>) -> Result<()> {
        self.insert_at(self.count(), item)
    }

    /// `AddFirst(token)`
    pub fn add_first(&self, item: Option<&Self>) -> Result<()> {
        self.insert_at(0, item)
    }

    /// `JObject.Add(name, token)`; a name already there is an `ArgumentException`.
    pub fn add_property(&self, name: Str, value: Option<&Self>) -> Result<()> {
        // The duplicate is noticed before the value is attached to a property that goes nowhere.
        if self.property(&name).is_some() {
            let probe = Self::single(Kind::Property { name, value: NONE });
            return self.validate(&probe, None);
        }
        self.add_new_property(name, value)
    }

    /// Adds a property of a name that the object does not have.
    fn add_new_property(&self, name: Str, value: Option<&Self>) -> Result<()> {
        if !self.takes_directly(value) {
            let property = Self::new_property(name, value)?;
            return self.add(Some(&property));
        }
        let (here, value) = self.prepared(value)?;
        here.write(|nodes, object| {
            let value = value.id;
            let property = nodes.push(object, Kind::Property { name, value })?;
            nodes.get_mut(value).parent = property;
            nodes.insert_member(object, usize::MAX, property);
            Ok(())
        })
    }

    /// Whether a new property of this object may hold `value` at once: not if it would first have to be attached to a
    /// property elsewhere to know what becomes of it.
    fn takes_directly(&self, value: Option<&Self>) -> bool {
        let is_plain = |value: &Self| {
            let (here, value) = (self.located(), value.located());
            let token_type = value.token_type();
            !matches!(token_type, TokenType::Property | TokenType::Comment)
                && !here.lies_under(&value)
        };
        self.token_type() == TokenType::Object && value.is_none_or(is_plain)
    }

    /// Appends a scalar to an array without a tree of its own.
    pub fn add_scalar(&self, value: Scalar) -> Result<()> {
        self.add(Some(&Self::new_value(value)?))
    }

    /// `object[name] = value`
    pub fn set(&self, name: &Str, value: Option<&Self>) -> Result<()> {
        match self.property(name) {
            Some(property) => property.set_property_value(value),
            None => self.add_new_property(name.clone(), value),
        }
    }

    /// `token[key] = value` where the static type is `JToken`.
    pub fn set_index(&self, key: &Key, value: Option<&Self>) -> Result<()> {
        match (self.token_type(), key) {
            (TokenType::Object, Key::Name(name)) => self.set(name, value),
            (TokenType::Array | TokenType::Constructor, Key::Index(index)) => {
                self.set_item(*index, value)
            }
            _ => Err(self.wrong_key("Set", "set", key)),
        }
    }

    /// `array[index] = value`
    pub fn set_item(&self, index: i32, item: Option<&Self>) -> Result<()> {
        let out_of_range =
            |message: &str| Error::from(crate::clr::Error::out_of_range(message, Some("index")));
        let at = usize::try_from(index).map_err(|_| out_of_range("Index is less than 0."))?;
        if at >= self.count() {
            return Err(out_of_range("Index is equal to or greater than Count."));
        }
        self.replace_at(at, item)
    }

    fn replace_at(&self, at: usize, item: Option<&Self>) -> Result<()> {
        let Some(existing) = self.child(at) else {
            return Ok(());
        };
        if existing.unchanged_by(item) {
            return Ok(());
        }
        match item {
            Some(item) => self.validate(item, Some(&existing))?,
            None => self.validate(&Self::null(), Some(&existing))?,
        }
        let (here, there) = self.prepared(item)?;
        here.write(|nodes, id| {
            let old = match &mut nodes.get_mut(id).kind {
                Kind::Object(_) => return nodes.replace_member(id, at, there.id),
                Kind::Array(items) | Kind::Constructor { items, .. } => {
                    items.version = items.version.wrapping_add(1);
                    items
                        .ids
                        .get_mut(at)
                        .map(|slot| std::mem::replace(slot, there.id))
                }
                Kind::Property { value, .. } => Some(std::mem::replace(value, there.id)),
                Kind::Value { .. } => return,
            };
            if let Some(old) = old.filter(|old| *old != NONE) {
                nodes.get_mut(old).parent = NONE;
            }
            nodes.get_mut(there.id).parent = id;
        });
        Ok(())
    }

    /// Json.NET keeps the old token when the new value equals it.
    fn unchanged_by(&self, item: Option<&Self>) -> bool {
        match item {
            None => self.token_type() == TokenType::Null,
            Some(item) => self.is_value() && self.value_equals(item),
        }
    }

    /// `property.Value = value`
    pub fn set_property_value(&self, value: Option<&Self>) -> Result<()> {
        if self.has_values() {
            self.replace_at(0, value)
        } else {
            self.insert_at(0, value)
        }
    }

    /// `value.Value = object`: the token type follows the new value.
    pub fn set_scalar(&self, value: Scalar) -> Result<()> {
        let Some(new_type) = TokenType::of(&value) else {
            return Err(Self::undetermined(value.type_name().unwrap_or_default()));
        };
        self.write(|nodes, id| {
            if let Kind::Value {
                token_type,
                value: slot,
            } = &mut nodes.get_mut(id).kind
            {
                // Raw text and comments stay what they are as long as they hold text.
                let keeps = new_type == TokenType::String
                    && matches!(*token_type, TokenType::Raw | TokenType::Comment);
                if !keeps {
                    *token_type = new_type;
                }
                *slot = value;
            }
        });
        Ok(())
    }

    /// `Remove()`
    pub fn remove(&self) -> Result<()> {
        let (parent, index) = self.place()?;
        parent.take_out(index)
    }

    /// The parent and the position in it.
    fn place(&self) -> Result<(Self, usize)> {
        let parent = self
            .parent()
            .ok_or_else(|| Error::invalid_operation("The parent is missing."))?;
        let index = parent.index_of(self).unwrap_or_default();
        Ok((parent, index))
    }

    fn take_out(&self, at: usize) -> Result<()> {
        if self.token_type() == TokenType::Property {
            return Err(Error::json(
                "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.",
            ));
        }
        self.write(|nodes, id| {
            let old = match &mut nodes.get_mut(id).kind {
                Kind::Object(_) => return nodes.remove_member(id, at),
                Kind::Array(items) | Kind::Constructor { items, .. } if at < items.ids.len() => {
                    items.version = items.version.wrapping_add(1);
                    work((items.ids.len() - at) / 64);
                    items.ids.remove(at)
                }
                _ => return,
            };
            nodes.get_mut(old).parent = NONE;
        });
        Ok(())
    }

    /// `RemoveAt(index)`
    pub fn remove_at(&self, index: i32) -> Result<()> {
        let out_of_range =
            |message: &str| Error::from(crate::clr::Error::out_of_range(message, Some("index")));
        let at = usize::try_from(index).map_err(|_| out_of_range("Index is less than 0."))?;
        if at >= self.count() {
            return Err(out_of_range("Index is equal to or greater than Count."));
        }
        self.take_out(at)
    }

    /// `JObject.Remove(name)`
    pub fn remove_property(&self, name: &Str) -> Result<bool> {
        match self.property(name) {
            Some(property) => property.remove().map(|()| true),
            None => Ok(false),
        }
    }

    /// `RemoveAll()` / `Clear()`
    pub fn clear(&self) -> Result<()> {
        if self.token_type() == TokenType::Property {
            return Err(Error::json(
                "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.",
            ));
        }
        self.write(|nodes, id| {
            let ids: Vec<Id> = match &mut nodes.get_mut(id).kind {
                Kind::Object(_) => return nodes.clear_members(id),
                Kind::Array(items) | Kind::Constructor { items, .. } => {
                    items.version = items.version.wrapping_add(1);
                    std::mem::take(&mut items.ids)
                }
                Kind::Property { .. } | Kind::Value { .. } => return,
            };
            for id in ids {
                nodes.get_mut(id).parent = NONE;
            }
        });
        Ok(())
    }

    /// `Replace(token)`
    pub fn replace(&self, item: Option<&Self>) -> Result<()> {
        let (parent, index) = self.place()?;
        parent.replace_at(index, item)
    }

    /// `AddAfterSelf(token)`
    pub fn add_after_self(&self, item: Option<&Self>) -> Result<()> {
        let (parent, index) = self.place()?;
        parent.insert_at(index + 1, item)
    }

    /// `AddBeforeSelf(token)`
    pub fn add_before_self(&self, item: Option<&Self>) -> Result<()> {
        let (parent, index) = self.place()?;
        parent.insert_at(index, item)
    }

    /// `Merge(token)`: objects member by member, arrays end to end, other values replaced unless the new one is null.
    pub fn merge(&self, content: &Self) -> Result<()> {
        let mut pending = vec![(self.clone(), content.clone())];
        while let Some((target, content)) = pending.pop() {
            match (target.token_type(), content.token_type()) {
                (TokenType::Object, TokenType::Object) => {
                    for member in content.children() {
                        let (Some(name), value) = (member.name(), member.property_value()) else {
                            continue;
                        };
                        let Some(existing) = target.property(&name) else {
                            target.add_property(name, value.as_ref())?;
                            continue;
                        };
                        let Some(value) = value else { continue };
                        match existing.property_value() {
                            Some(old)
                                if !old.is_value() && old.token_type() == value.token_type() =>
                            {
                                pending.push((old, value));
                            }
                            _ if value.is_null() => {}
                            _ => existing.set_property_value(Some(&value))?,
                        }
                    }
                }
                (TokenType::Array, TokenType::Array)
                | (TokenType::Constructor, TokenType::Constructor)
                    if target.name() == content.name() =>
                {
                    for item in content.children() {
                        target.add(Some(&item))?;
                    }
                }
                (TokenType::Property, TokenType::Property) => {
                    if let Some(value) = content.property_value().filter(|value| !value.is_null()) {
                        target.set_property_value(Some(&value))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A value without content: JSON null, or a string that is C# null.
    pub fn is_null(&self) -> bool {
        matches!(self.scalar(), Some(Scalar::Null)) && self.token_type() != TokenType::Undefined
    }

    /// Whether both tokens lie in one tree; joined trees share memory.
    #[cfg(test)]
    fn shares_tree(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.located().tree, &other.located().tree)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Formatting, parse};
    use super::*;

    fn json(text: &str) -> JToken {
        parse(text, &Default::default()).unwrap()
    }

    fn text(token: &JToken) -> String {
        token.to_json(Formatting::None)
    }

    fn number(value: i64) -> JToken {
        JToken::new_value(Scalar::int64(value)).unwrap()
    }

    #[test]
    fn assigning_a_token_with_a_parent_copies_it() {
        let source = json(r#"{"a":{"b":1}}"#);
        let target = JToken::new_object();
        let child = source.get_str("a").unwrap();
        target.set(&"x".into(), Some(&child)).unwrap();
        child.set(&"b".into(), Some(&number(9))).unwrap();
        assert_eq!(text(&target), r#"{"x":{"b":1}}"#);
        assert_eq!(text(&source), r#"{"a":{"b":9}}"#);
    }

    #[test]
    fn a_free_token_keeps_its_identity_when_added() {
        let array = JToken::new_array();
        let item = JToken::new_object();
        array.add(Some(&item)).unwrap();
        item.set(&"k".into(), Some(&number(1))).unwrap();
        assert_eq!(text(&array), r#"[{"k":1}]"#);
        assert!(array.child(0).unwrap().same(&item));
        assert!(array.shares_tree(&item));
        assert!(item.parent().unwrap().same(&array));
    }

    #[test]
    fn a_container_added_to_itself_is_copied() {
        let array = json("[1]");
        array.add(Some(&array)).unwrap();
        assert_eq!(text(&array), "[1,[1]]");
        let inner = array.child(1).unwrap();
        inner.add(Some(&array)).unwrap();
        assert_eq!(text(&array), "[1,[1,[1,[1]]]]");
    }

    #[test]
    fn objects_refuse_duplicate_names_and_bare_values() {
        let object = json(r#"{"a":1}"#);
        let duplicate = object.add_property("a".into(), None).unwrap_err();
        assert_eq!(
            duplicate.message,
            "Can not add property a to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on \
             object."
        );
        assert_eq!(
            object.add(Some(&number(1))).unwrap_err().message,
            "Can not add Newtonsoft.Json.Linq.JValue to Newtonsoft.Json.Linq.JObject."
        );
    }

    #[test]
    fn removal_by_name_by_property_and_by_value() {
        let object = json(r#"{"a":1,"b":2,"c":3}"#);
        assert!(object.remove_property(&"a".into()).unwrap());
        assert!(!object.remove_property(&"zz".into()).unwrap());
        object.property(&"b".into()).unwrap().remove().unwrap();
        assert_eq!(text(&object), r#"{"c":3}"#);
        let error = object.get_str("c").unwrap().remove().unwrap_err();
        assert_eq!(
            error.message,
            "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty."
        );
        assert_eq!(
            object.remove().unwrap_err().message,
            "The parent is missing."
        );
    }

    #[test]
    fn merge_joins_objects_and_concatenates_arrays() {
        let object = json(r#"{"a":1,"n":{"x":[1]}}"#);
        object
            .merge(&json(r#"{"b":2,"n":{"y":2,"x":[2]},"a":null}"#))
            .unwrap();
        assert_eq!(text(&object), r#"{"a":1,"n":{"x":[1,2],"y":2},"b":2}"#);
    }

    #[test]
    fn changes_of_the_children_change_the_version() {
        let array = json("[1,2]");
        let before = array.version();
        array
            .child(0)
            .unwrap()
            .set_scalar(Scalar::int64(5))
            .unwrap();
        assert_eq!(array.version(), before);
        array.set_item(0, Some(&number(7))).unwrap();
        assert_ne!(array.version(), before);
    }

    #[test]
    fn large_objects_find_their_names() {
        let object = JToken::new_object();
        for n in 0..100_i64 {
            object
                .set(&format!("k{n}").into(), Some(&number(n)))
                .unwrap();
        }
        for n in (0..100_i64).step_by(2) {
            assert!(object.remove_property(&format!("k{n}").into()).unwrap());
        }
        assert_eq!(object.count(), 50);
        assert!(object.get_str("k1").is_some() && object.get_str("k2").is_none());
        let copy = object.deep_clone();
        assert!(copy.get_str("k99").is_some() && copy.deep_equals(&object));
    }

    #[test]
    fn deep_trees_are_handled_without_recursion() {
        let mut token = JToken::new_array();
        for _ in 0..200_000 {
            let outer = JToken::new_array();
            outer.add(Some(&token)).unwrap();
            token = outer;
        }
        let copy = token.deep_clone();
        assert!(copy.deep_equals(&token));
        assert_eq!(text(&copy).len(), 400_002);
        assert_eq!(token.descendants(false).len(), 200_000);
    }

    #[test]
    fn parents_and_roots_outlive_the_handle_to_them() {
        let inner = json(r#"{"a":{"b":[1,{"c d":2}]}}"#)
            .get_str("a")
            .unwrap()
            .get_str("b")
            .unwrap();
        assert_eq!(text(&inner.root()), r#"{"a":{"b":[1,{"c d":2}]}}"#);
        let deep = inner.child(1).unwrap().get_str("c d").unwrap();
        assert_eq!(deep.path(), "a.b[1]['c d']");
        assert_eq!(deep.parent().unwrap().token_type(), TokenType::Property);
    }
}
