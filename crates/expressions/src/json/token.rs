//! [`JToken`]: a handle to one token, and everything that can be asked of it.
//!
//! Questions flow in, other handles and values flow out; changes are in `edit`.

use std::rc::Rc;

use super::compare::{compare_values, equal_trees};
use super::scalar::Scalar;
pub use super::token_type::TokenType;
use super::tree::{Id, Kind, NONE, Nodes, Tree};
use super::{Error, Result, writer};
use crate::forest::work;
use crate::value::Str;

/// What stands between the brackets of `token[key]`.
#[derive(Debug, Clone)]
pub enum Key {
    /// A string.
    Name(Str),
    /// An `int`.
    Index(i32),
    /// Null.
    Null,
    /// Anything else, as it appears in the exception's message.
    Other(String),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "\"{name}\""),
            Self::Index(index) => write!(f, "{index}"),
            Self::Null => f.write_str("{null}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// A reference to a token. Cloning gives another reference to the same token.
#[derive(Clone)]
pub struct JToken {
    pub(super) tree: Rc<Tree>,
    pub(super) id: Id,
}

impl std::fmt::Debug for JToken {
    /// The token's kind alone: contents may be large or secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JToken({})", self.token_type().name())
    }
}

impl JToken {
    pub(super) fn single(kind: Kind) -> Self {
        let mut nodes = Nodes::with_capacity(1);
        // The first node of a tree always has room.
        let id = nodes.push(NONE, kind).unwrap_or(0);
        Self {
            tree: Tree::new(nodes),
            id,
        }
    }

    /// `new JObject()`
    pub fn new_object() -> Self {
        Self::single(Kind::object())
    }

    /// `new JArray()`
    pub fn new_array() -> Self {
        Self::single(Kind::array())
    }

    /// `new JConstructor(name)`
    pub fn new_constructor(name: Str) -> Self {
        Self::single(Kind::Constructor {
            name,
            items: Box::default(),
        })
    }

    /// `new JProperty(name, value)`
    pub fn new_property(name: Str, value: Option<&Self>) -> Result<Self> {
        let property = Self::single(Kind::Property { name, value: NONE });
        property.set_property_value(value)?;
        Ok(property)
    }

    /// `new JValue(object)`; types that JSON doesn't know are an `ArgumentException`.
    pub fn new_value(value: Scalar) -> Result<Self> {
        match TokenType::of(&value) {
            Some(token_type) => Ok(Self::typed_value(token_type, value)),
            None => Err(Self::undetermined(value.type_name().unwrap_or_default())),
        }
    }

    /// The exception of a content object that is no JSON value.
    pub fn undetermined(type_name: &str) -> Error {
        Error::argument(format!(
            "Could not determine JSON object type for type {type_name}."
        ))
    }

    /// A value of a token type chosen by the caller: `JRaw`, comments, the null string.
    pub fn typed_value(token_type: TokenType, value: Scalar) -> Self {
        Self::single(Kind::Value { token_type, value })
    }

    /// `JValue.CreateNull()`
    pub fn null() -> Self {
        Self::typed_value(TokenType::Null, Scalar::Null)
    }

    pub(super) fn read<T>(&self, f: impl FnOnce(&Nodes, Id) -> T) -> T {
        self.tree.read(self.id, f)
    }

    pub(super) fn write<T>(&self, f: impl FnOnce(&mut Nodes, Id) -> T) -> T {
        self.tree.write(self.id, f)
    }

    /// This tree and position after all moves.
    pub(super) fn located(&self) -> Self {
        let (tree, id) = self.tree.locate(self.id);
        Self { tree, id }
    }

    fn at(&self, f: impl FnOnce(&Nodes, Id) -> Option<Id>) -> Option<Self> {
        let here = self.located();
        let id = here.read(f)?;
        Some(Self {
            tree: here.tree,
            id,
        })
    }

    fn all_at(&self, f: impl FnOnce(&Nodes, Id) -> Vec<Id>) -> Vec<Self> {
        let here = self.located();
        let ids = here.read(f);
        ids.into_iter()
            .map(|id| Self {
                tree: here.tree.clone(),
                id,
            })
            .collect()
    }

    /// An address that no other token has at this moment; it changes when trees are changed.
    pub fn identity(&self) -> usize {
        self.read(|nodes, id| std::ptr::from_ref(nodes.get(id)).addr())
    }

    /// Whether both are references to one token.
    pub fn same(&self, other: &Self) -> bool {
        if Rc::ptr_eq(&self.tree, &other.tree) {
            return self.id == other.id;
        }
        self.identity() == other.identity()
    }

    /// `Type`
    pub fn token_type(&self) -> TokenType {
        self.read(|nodes, id| nodes.get(id).kind.token_type())
    }

    /// The .NET class without its namespace.
    pub fn class(&self) -> &'static str {
        match self.token_type() {
            TokenType::Object => "JObject",
            TokenType::Array => "JArray",
            TokenType::Constructor => "JConstructor",
            TokenType::Property => "JProperty",
            TokenType::Raw => "JRaw",
            _ => "JValue",
        }
    }

    /// Whether this is a `JValue` (or `JRaw`).
    pub fn is_value(&self) -> bool {
        self.read(|nodes, id| matches!(nodes.get(id).kind, Kind::Value { .. }))
    }

    /// `JValue.Value`; `None` for containers.
    pub fn scalar(&self) -> Option<Scalar> {
        self.read(|nodes, id| match &nodes.get(id).kind {
            Kind::Value { value, .. } => Some(value.clone()),
            _ => None,
        })
    }

    /// `JProperty.Name` or `JConstructor.Name`.
    pub fn name(&self) -> Option<Str> {
        self.read(|nodes, id| match &nodes.get(id).kind {
            Kind::Property { name, .. } | Kind::Constructor { name, .. } => Some(name.clone()),
            _ => None,
        })
    }

    /// `JProperty.Value`
    pub fn property_value(&self) -> Option<Self> {
        self.at(Nodes::property_value)
    }

    /// `Parent`
    pub fn parent(&self) -> Option<Self> {
        self.at(|nodes, id| Some(nodes.get(id).parent).filter(|parent| *parent != NONE))
    }

    /// `Root`
    pub fn root(&self) -> Self {
        self.at(|nodes, id| Some(nodes.root_of(id)))
            .unwrap_or_else(|| self.clone())
    }

    fn sibling(&self, step: isize) -> Option<Self> {
        self.at(|nodes, id| {
            let index = nodes.index_in_parent(id)?.checked_add_signed(step)?;
            nodes.children(nodes.get(id).parent).get(index).copied()
        })
    }

    /// `Next`
    pub fn next(&self) -> Option<Self> {
        self.sibling(1)
    }

    /// `Previous`
    pub fn previous(&self) -> Option<Self> {
        self.sibling(-1)
    }

    /// `First` of a container.
    pub fn first(&self) -> Option<Self> {
        self.child(0)
    }

    /// `Last` of a container.
    pub fn last(&self) -> Option<Self> {
        self.at(|nodes, id| nodes.children(id).last().copied())
    }

    /// The child at a position.
    pub fn child(&self, index: usize) -> Option<Self> {
        self.at(|nodes, id| nodes.children(id).get(index).copied())
    }

    /// `Count` of a container; 0 for values.
    pub fn count(&self) -> usize {
        self.read(|nodes, id| nodes.children(id).len())
    }

    /// `HasValues`
    pub fn has_values(&self) -> bool {
        self.count() > 0
    }

    /// Grows with each change of the list of children, so that an enumeration notices it.
    pub fn version(&self) -> u32 {
        self.read(|nodes, id| nodes.get(id).kind.version())
    }

    /// `Children()`
    pub fn children(&self) -> Vec<Self> {
        self.all_at(|nodes, id| {
            work(nodes.children(id).len() / 4);
            nodes.children(id).to_vec()
        })
    }

    /// `Descendants()` in document order, this token first when asked for.
    pub fn descendants(&self, and_self: bool) -> Vec<Self> {
        self.all_at(|nodes, id| {
            let mut found = Vec::new();
            let mut pending = vec![id];
            while let Some(next) = pending.pop() {
                found.push(next);
                pending.extend(nodes.children(next).iter().rev());
            }
            if !and_self {
                found.remove(0);
            }
            work(found.len());
            found
        })
    }

    /// `Ancestors()`, nearest first, this token first when asked for.
    pub fn ancestors(&self, and_self: bool) -> Vec<Self> {
        self.all_at(|nodes, id| {
            let parent = |id: Id| Some(nodes.get(id).parent).filter(|parent| *parent != NONE);
            let first = if and_self { Some(id) } else { parent(id) };
            let found: Vec<Id> = std::iter::successors(first, |id| parent(*id)).collect();
            work(found.len());
            found
        })
    }

    /// `JObject.Property(name)`
    pub fn property(&self, name: &Str) -> Option<Self> {
        self.at(|nodes, id| nodes.find_property(id, name))
    }

    /// `JObject[name]`: null (`None`) when there is no such property.
    pub fn get(&self, name: &Str) -> Option<Self> {
        self.at(|nodes, id| nodes.property_value(nodes.find_property(id, name)?))
    }

    /// [`Self::get`] for callers in Rust.
    pub fn get_str(&self, name: &str) -> Option<Self> {
        self.at(|nodes, id| nodes.property_value(nodes.find_property_str(id, name)?))
    }

    /// `GetValue(name, comparison)`: the exact name wins, then the first that `matches`.
    pub fn get_matching(&self, name: &Str, matches: impl Fn(&Str, &Str) -> bool) -> Option<Self> {
        self.get(name).or_else(|| {
            self.children()
                .into_iter()
                .find(|p| p.name().is_some_and(|n| matches(&n, name)))?
                .property_value()
        })
    }

    /// `token[key]` where the static type is `JToken`.
    pub fn index(&self, key: &Key) -> Result<Option<Self>> {
        match (self.token_type(), key) {
            (TokenType::Object, Key::Name(name)) => Ok(self.get(name)),
            (TokenType::Array | TokenType::Constructor, Key::Index(index)) => {
                self.item(*index).map(Some)
            }
            _ => Err(self.wrong_key("Accessed", "access", key)),
        }
    }

    pub(super) fn wrong_key(&self, done: &str, doing: &str, key: &Key) -> Error {
        let class = self.class();
        let expected = match self.token_type() {
            TokenType::Object => "Object property name expected",
            TokenType::Array => "Int32 array index expected",
            TokenType::Constructor => "Argument position index expected",
            _ => {
                return Error::invalid_operation(format!(
                    "Cannot {doing} child value on Newtonsoft.Json.Linq.{class}."
                ));
            }
        };
        if matches!(key, Key::Null) && !self.is_value() {
            return Error::null("key");
        }
        Error::argument(format!(
            "{done} {class} values with invalid key value: {key}. {expected}."
        ))
    }

    /// `array[index]`
    pub fn item(&self, index: i32) -> Result<Self> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.child(index))
            .ok_or_else(Error::index_out_of_range)
    }

    /// `IndexOf`: position of this very token among the children.
    pub fn index_of(&self, child: &Self) -> Option<usize> {
        let (here, child) = (self.located(), child.located());
        if !Rc::ptr_eq(&here.tree, &child.tree) {
            return None;
        }
        here.read(|nodes, id| {
            let index = nodes.children(id).iter().position(|c| *c == child.id);
            work(index.unwrap_or(nodes.children(id).len()) / 64);
            index
        })
    }

    /// `Path`
    pub fn path(&self) -> String {
        self.read(|nodes, id| {
            if nodes.get(id).parent == NONE {
                return String::new();
            }
            let mut steps = Vec::new();
            let mut current = id;
            while current != NONE {
                let node = nodes.get(current);
                if matches!(node.kind, Kind::Property { .. }) {
                    steps.push(Err(current));
                }
                if node.parent != NONE
                    && matches!(
                        nodes.get(node.parent).kind,
                        Kind::Array(_) | Kind::Constructor { .. }
                    )
                {
                    steps.push(Ok(nodes.index_in_parent(current).unwrap_or_default()));
                }
                current = node.parent;
            }
            work(steps.len());
            let mut path = String::new();
            for step in steps.iter().rev() {
                match step {
                    Ok(index) => path.push_str(&format!("[{index}]")),
                    Err(property) => {
                        if let Some(name) = nodes.property_name(*property) {
                            writer::push_path_name(&mut path, &name.to_utf8());
                        }
                    }
                }
            }
            path
        })
    }

    /// `DeepClone()`
    pub fn deep_clone(&self) -> Self {
        Self {
            tree: Tree::new(self.read(Nodes::copy)),
            id: 0,
        }
    }

    /// `JToken.DeepEquals`: order of properties aside, same structure and values.
    pub fn deep_equals(&self, other: &Self) -> bool {
        let (a, b) = (self.located(), other.located());
        if Rc::ptr_eq(&a.tree, &b.tree) {
            a.read(|nodes, a| equal_trees(nodes, a, nodes, b.id))
        } else {
            a.read(|x, a| b.read(|y, b| equal_trees(x, a, y, b)))
        }
    }

    /// `JValue.Equals`: same type and equal value; containers only when they are the same token.
    pub fn value_equals(&self, other: &Self) -> bool {
        if self.same(other) {
            return true;
        }
        self.is_value() && other.is_value() && self.deep_equals(other)
    }

    /// A hash that agrees with [`Self::deep_equals`]: of the token types, and of what scalars are equal by.
    pub fn deep_hash(&self) -> u64 {
        use std::hash::{Hash, Hasher};
        let tokens = self.descendants(true);
        crate::forest::work(tokens.len());
        // The order of properties does not count, so nor does any other.
        tokens.iter().fold(0, |sum: u64, token| {
            let mut hasher = std::hash::DefaultHasher::new();
            token.token_type().hash(&mut hasher);
            token.name().hash(&mut hasher);
            match token.scalar() {
                Some(Scalar::String(text)) => text.hash(&mut hasher),
                Some(Scalar::Int(v, _)) => v.hash(&mut hasher),
                Some(Scalar::Bool(v)) => v.hash(&mut hasher),
                _ => {}
            }
            sum.wrapping_add(hasher.finish())
        })
    }

    /// A hash that agrees with [`Self::value_equals`], of bytes apart.
    pub fn value_hash(&self) -> u64 {
        use std::hash::{Hash, Hasher};
        let mut hasher = std::hash::DefaultHasher::new();
        self.read(|nodes, id| {
            let kind = &nodes.get(id).kind;
            kind.token_type().hash(&mut hasher);
            if let Kind::Value { value, .. } = kind {
                // Numbers of different types can be equal, and doubles are equal when close.
                match value {
                    Scalar::String(text) => text.hash(&mut hasher),
                    Scalar::Uri(_) => value.to_text().hash(&mut hasher),
                    // As in .NET, where an array hashes as the object it is.
                    Scalar::Bytes(bytes) => bytes.as_ptr().hash(&mut hasher),
                    Scalar::Int(v, _) => v.hash(&mut hasher),
                    Scalar::Bool(v) => v.hash(&mut hasher),
                    _ => {}
                }
            }
        });
        hasher.finish()
    }

    /// `JValue.CompareTo`: against a value of the same or another type.
    pub fn compare_to(&self, other: &Self) -> Result<std::cmp::Ordering> {
        let (Some(a), Some(b)) = (self.scalar(), other.scalar()) else {
            return Err(Error::invalid_operation(
                "At least one object must implement IComparable.",
            ));
        };
        let (own, others) = (self.token_type(), other.token_type());
        let token_type = if own == TokenType::String && others != own {
            others
        } else {
            own
        };
        compare_values(token_type, &a, &b)
    }

    /// The order of what a `JValue` holds and a plain value, taken as this token's type.
    pub fn compare_with(&self, other: &Scalar) -> Result<std::cmp::Ordering> {
        match self.scalar() {
            Some(own) => compare_values(self.token_type(), &own, other),
            None => Err(Error::invalid_operation(
                "At least one object must implement IComparable.",
            )),
        }
    }

    /// The same with an object that no `JValue` can hold, of which type and text are known.
    pub fn compare_with_object(&self, class: &str, text: Str) -> Result<std::cmp::Ordering> {
        let own = self.scalar().unwrap_or(Scalar::Null);
        match self.token_type() {
            _ if own == Scalar::Null => Ok(std::cmp::Ordering::Less),
            TokenType::Integer | TokenType::Float | TokenType::Boolean | TokenType::Date => {
                let wanted = own.type_name().unwrap_or_default();
                Err(crate::clr::Error::invalid_cast(class, wanted).into())
            }
            // Taken as a text, which those that compare no texts refuse.
            token_type => compare_values(token_type, &own, &Scalar::String(text)),
        }
    }
}
