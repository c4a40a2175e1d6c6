//! Static and run-time types.
//!
//! A [`Type`] names a definition of the registry with its type arguments, or one of the shapes the language makes
//! itself (arrays, tuples, anonymous types). Types compare structurally, are cheap to clone and are shared between
//! threads. What a type can do is in [`registry`]; which conversions exist between types is in [`relations`].

pub mod known;
pub mod registry;
pub mod relations;
mod signature;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use self::registry::{
    Default as ParameterDefault, Kind, Member, MemberKind, MemberType, Parameter, PassBy, Registry,
    TypeBuilder, TypeDef, Types,
};

/// Number of a type definition in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefId(pub u16);

/// Type arguments; `None` for a type that is not generic.
pub type Args = Option<Arc<[Type]>>;

/// A static or run-time type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// A definition of the registry with its type arguments.
    Named(DefId, Args),
    /// An array of that element type and rank.
    Array(Arc<Type>, u8),
    /// A value tuple.
    Tuple(Arc<TupleType>),
    /// An anonymous type: names and types of its properties.
    Anonymous(Arc<[(Arc<str>, Type)]>),
    /// A generic parameter, only inside signatures: of the declaring type (`Class`) or of the method.
    ClassParam(u8),
    /// See [`Type::ClassParam`].
    MethodParam(u8),
    /// The type of `null`.
    Null,
    /// No value.
    Void,
    /// `dynamic`: an object whose members are looked up at run time.
    Dynamic,
    /// The type of what has been reported as an error already; converts to and from everything.
    Error,
}

/// Element types of a value tuple and their names, which do not count for identity.
#[derive(Debug, Clone)]
pub struct TupleType {
    /// Element types.
    pub elements: Vec<Type>,
    /// Names, where given.
    pub names: Vec<Option<Arc<str>>>,
}

impl PartialEq for TupleType {
    fn eq(&self, other: &Self) -> bool {
        self.elements == other.elements
    }
}

impl Eq for TupleType {}

impl Hash for TupleType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.elements.hash(state);
    }
}

macro_rules! simple {
    ($($name:ident)+) => { $(
        #[allow(missing_docs)] // the predefined type of that name
        pub const $name: Type = Type::Named(known::$name, None);
    )+ };
}

impl Type {
    simple! { OBJECT STRING CHAR SBYTE BYTE INT16 UINT16 INT32 UINT32 INT64 UINT64 SINGLE DOUBLE DECIMAL EXCEPTION }
    /// `bool`
    pub const BOOL: Type = Type::Named(known::BOOLEAN, None);

    /// A generic type with its arguments.
    pub fn generic(def: DefId, args: impl IntoIterator<Item = Type>) -> Self {
        Self::Named(def, Some(args.into_iter().collect()))
    }

    /// `element[]`
    #[must_use]
    pub fn array(element: Type) -> Self {
        Self::Array(Arc::new(element), 1)
    }

    /// `underlying?` of a value type.
    #[must_use]
    pub fn nullable(underlying: Type) -> Self {
        Self::generic(known::NULLABLE, [underlying])
    }

    /// `IEnumerable<element>`
    #[must_use]
    pub fn enumerable(element: Type) -> Self {
        Self::generic(known::IENUMERABLE, [element])
    }

    /// A value tuple without element names.
    #[must_use]
    pub fn tuple(elements: Vec<Type>) -> Self {
        let names = vec![None; elements.len()];
        Self::Tuple(Arc::new(TupleType { elements, names }))
    }

    /// The definition, where the type has one.
    #[must_use]
    pub fn def(&self) -> Option<&'static TypeDef> {
        match self {
            Self::Named(def, _) => Registry::get().def(*def),
            _ => None,
        }
    }

    /// The type arguments.
    #[must_use]
    pub fn args(&self) -> &[Type] {
        match self {
            Self::Named(_, Some(args)) => args,
            _ => &[],
        }
    }

    /// Whether this is `typeof(List<>)`: a generic type with its arguments left open. No value is of such a type.
    #[must_use]
    pub fn is_definition(&self) -> bool {
        matches!(self, Self::Named(_, None))
            && self.def().is_some_and(|def| !def.parameters.is_empty())
    }

    /// Whether this is the definition `def`, whatever the arguments.
    #[must_use]
    pub fn is(&self, def: DefId) -> bool {
        matches!(self, Self::Named(id, _) if *id == def)
    }

    /// `T` of `T?`.
    #[must_use]
    pub fn nullable_underlying(&self) -> Option<&Type> {
        if self.is(known::NULLABLE) {
            self.args().first()
        } else {
            None
        }
    }

    /// `T` of `T?`, and any other type itself.
    #[must_use]
    pub fn unwrap_nullable(&self) -> &Type {
        self.nullable_underlying().unwrap_or(self)
    }

    /// Whether values of the type cannot be null: structs, enums, tuples; not `T?`.
    #[must_use]
    pub fn is_value_type(&self) -> bool {
        match self {
            Self::Tuple(_) => true,
            Self::Named(..) => {
                !self.is(known::NULLABLE)
                    && self
                        .def()
                        .is_some_and(|def| matches!(def.kind, Kind::Struct | Kind::Enum))
            }
            _ => false,
        }
    }

    /// Whether null is a value of the type.
    #[must_use]
    pub fn accepts_null(&self) -> bool {
        match self {
            Self::Void => false,
            _ => !self.is_value_type(),
        }
    }

    /// Whether the type is an enumeration.
    #[must_use]
    pub fn is_enum(&self) -> bool {
        self.def().is_some_and(|def| def.kind == Kind::Enum)
    }

    /// Whether the type is a delegate.
    #[must_use]
    pub fn is_delegate(&self) -> bool {
        self.def().is_some_and(|def| def.kind == Kind::Delegate)
    }

    /// Whether the type is an interface.
    #[must_use]
    pub fn is_interface(&self) -> bool {
        self.def().is_some_and(|def| def.kind == Kind::Interface)
    }

    /// Whether references of the type exist: neither a value type nor a special one.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        match self {
            Self::Named(..) => !self.is_value_type() && !self.is(known::NULLABLE),
            Self::Array(..) | Self::Anonymous(_) | Self::Null | Self::Dynamic => true,
            _ => false,
        }
    }

    /// Replaces generic parameters by types; a parameter without replacement stays.
    #[must_use]
    pub fn substitute(&self, class: &[Type], method: &[Type]) -> Type {
        match self {
            Self::ClassParam(i) => class.get(usize::from(*i)).unwrap_or(self).clone(),
            Self::MethodParam(i) => method.get(usize::from(*i)).unwrap_or(self).clone(),
            Self::Named(def, Some(args)) => Self::Named(
                *def,
                Some(args.iter().map(|a| a.substitute(class, method)).collect()),
            ),
            Self::Array(element, rank) => {
                Self::Array(Arc::new(element.substitute(class, method)), *rank)
            }
            Self::Tuple(tuple) => Self::Tuple(Arc::new(TupleType {
                elements: tuple
                    .elements
                    .iter()
                    .map(|e| e.substitute(class, method))
                    .collect(),
                names: tuple.names.clone(),
            })),
            Self::Anonymous(fields) => Self::Anonymous(
                fields
                    .iter()
                    .map(|(n, t)| (n.clone(), t.substitute(class, method)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// Whether a generic parameter of the method occurs in the type.
    #[must_use]
    pub fn mentions_method_param(&self) -> bool {
        self.any(&|t| matches!(t, Self::MethodParam(_)))
    }

    /// Whether `test` holds for the type or a type inside it.
    pub fn any(&self, test: &impl Fn(&Type) -> bool) -> bool {
        test(self)
            || match self {
                Self::Named(_, Some(args)) => args.iter().any(|a| a.any(test)),
                Self::Array(element, _) => element.any(test),
                Self::Tuple(tuple) => tuple.elements.iter().any(|e| e.any(test)),
                Self::Anonymous(fields) => fields.iter().any(|(_, t)| t.any(test)),
                _ => false,
            }
    }

    /// Depth of nested type arguments; bounded by the checker.
    #[must_use]
    pub fn depth(&self) -> usize {
        1 + match self {
            Self::Named(_, Some(args)) => args.iter().map(Self::depth).max().unwrap_or(0),
            Self::Array(element, _) => element.depth(),
            Self::Tuple(tuple) => tuple.elements.iter().map(Self::depth).max().unwrap_or(0),
            Self::Anonymous(fields) => fields.iter().map(|(_, t)| t.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// `Type.Name`: `Int32`, ``List`1``, `Int32[]`.
    #[must_use]
    pub fn reflection_name(&self) -> String {
        match self {
            Self::Named(_, args) => self.def().map_or_else(String::new, |def| match args {
                Some(args) => format!("{}`{}", def.name, args.len()),
                None if self.is_definition() => format!("{}`{}", def.name, def.parameters.len()),
                None => def.name.to_string(),
            }),
            Self::Array(element, rank) => {
                let commas = ",".repeat(usize::from(rank.saturating_sub(1)));
                format!("{}[{commas}]", element.reflection_name())
            }
            Self::Tuple(tuple) => format!("ValueTuple`{}", tuple.elements.len()),
            Self::Anonymous(fields) => format!("<>f__AnonymousType0`{}", fields.len()),
            Self::Dynamic => "Object".to_owned(),
            other => other.to_string(),
        }
    }

    /// The type that [`Type::full_name`] names; `None` for what is no such name or an anonymous type's.
    #[must_use]
    pub fn by_full_name(name: &str) -> Option<Self> {
        let mut rest = name;
        let ty = Self::take_full_name(&mut rest, 0)?;
        rest.is_empty().then_some(ty)
    }

    fn take_full_name(rest: &mut &str, depth: usize) -> Option<Self> {
        if depth > 32 {
            return None;
        }
        let end = rest.find(['[', ']', ',']).unwrap_or(rest.len());
        let (name, mut after) = rest.split_at(end);
        let mut ty = if let Some((plain, count)) = name.split_once('`') {
            let mut args = Vec::new();
            after = after.strip_prefix('[')?;
            loop {
                args.push(Self::take_full_name(&mut after, depth + 1)?);
                match after.strip_prefix(',') {
                    Some(more) => after = more,
                    None => break,
                }
            }
            after = after.strip_prefix(']')?;
            if args.len() != count.parse::<usize>().ok()? {
                return None;
            }
            if plain == "System.ValueTuple" {
                let names = vec![None; args.len()];
                Self::Tuple(Arc::new(TupleType {
                    elements: args,
                    names,
                }))
            } else {
                Self::generic(Registry::get().by_full_name(name)?.id, args)
            }
        } else {
            let def = Registry::get().by_full_name(&name.replace('+', "."))?;
            if def.declaring().is_some() != name.contains('+') {
                return None;
            }
            Self::Named(def.id, None)
        };
        loop {
            (ty, after) = if let Some(more) = after.strip_prefix("[]") {
                (Self::array(ty), more)
            } else if let Some(more) = after.strip_prefix("[,]") {
                (Self::Array(Arc::new(ty), 2), more)
            } else {
                break;
            };
        }
        *rest = after;
        Some(ty)
    }

    /// `Type.FullName` as `ToString()` of an object without text of its own gives it:
    /// ``System.Collections.Generic.List`1[System.Int32]``.
    #[must_use]
    pub fn full_name(&self) -> String {
        fn list<'a>(types: impl Iterator<Item = &'a Type>) -> String {
            types.map(Type::full_name).collect::<Vec<_>>().join(",")
        }
        match self {
            Self::Named(_, args) => self.def().map_or_else(String::new, |def| {
                let name = def.full_name();
                match args {
                    Some(args) => format!("{name}`{}[{}]", args.len(), list(args.iter())),
                    None if self.is_definition() => {
                        let names: Vec<&str> =
                            def.parameters.iter().map(|p| p.name.as_str()).collect();
                        format!("{name}`{}[{}]", names.len(), names.join(","))
                    }
                    None => name,
                }
            }),
            Self::Array(element, rank) => {
                let commas = ",".repeat(usize::from(rank.saturating_sub(1)));
                format!("{}[{commas}]", element.full_name())
            }
            Self::Tuple(tuple) => format!(
                "System.ValueTuple`{}[{}]",
                tuple.elements.len(),
                list(tuple.elements.iter())
            ),
            Self::Anonymous(fields) => format!(
                "<>f__AnonymousType0`{}[{}]",
                fields.len(),
                list(fields.iter().map(|(_, t)| t))
            ),
            Self::Dynamic => "System.Object".to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Type {
    /// The C# spelling: `int`, `List<string>`, `int?`, `(int, string)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, types: &[Type]) -> fmt::Result {
            for (i, ty) in types.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                ty.fmt(f)?;
            }
            Ok(())
        }
        match self {
            Self::Named(known::NULLABLE, Some(args)) if args.len() == 1 => {
                list(f, args)?;
                f.write_str("?")
            }
            Self::Named(id, args) => {
                let Some(def) = Registry::get().def(*id) else {
                    return f.write_str("?");
                };
                f.write_str(def.keyword.unwrap_or(&def.name))?;
                if let Some(args) = args {
                    f.write_str("<")?;
                    for (i, ty) in args.iter().enumerate() {
                        if i > 0 {
                            f.write_str(",")?;
                        }
                        ty.fmt(f)?;
                    }
                    f.write_str(">")?;
                }
                Ok(())
            }
            Self::Array(element, rank) => {
                // C# writes the outermost array's brackets first: int[][,] is an array of int[,].
                let mut inner = element;
                let mut brackets = format!("[{}]", ",".repeat(usize::from(rank.saturating_sub(1))));
                while let Self::Array(next, rank) = &**inner {
                    brackets.push_str(&format!(
                        "[{}]",
                        ",".repeat(usize::from(rank.saturating_sub(1)))
                    ));
                    inner = next;
                }
                write!(f, "{inner}{brackets}")
            }
            Self::Tuple(tuple) => {
                f.write_str("(")?;
                list(f, &tuple.elements)?;
                f.write_str(")")
            }
            Self::Anonymous(fields) => {
                f.write_str("<anonymous type: ")?;
                for (i, (name, ty)) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{ty} {name}")?;
                }
                f.write_str(">")
            }
            Self::ClassParam(i) => write!(f, "T{i}"),
            Self::MethodParam(i) => write!(f, "M{i}"),
            Self::Null => f.write_str("<null>"),
            Self::Void => f.write_str("void"),
            Self::Dynamic => f.write_str("dynamic"),
            Self::Error => f.write_str("?"),
        }
    }
}
