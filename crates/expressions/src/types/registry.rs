//! The registry of .NET types: what exists, with which members, and the Rust function behind each member.
//!
//! The tables in `dotnet/` flow in, once per process; checker, "did you mean", documentation and the run time read
//! the result. Nothing changes after that. A member is declared by its C# signature as text; names in it may refer to
//! types that are declared later. The signatures of a type are read when its members are first asked for: policies use a
//! tenth of the library, and the rest would be megabytes of memory.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::signature::{self, Names, Reader};
use super::{DefId, Type, known};
use crate::runtime::{Call, R};
use crate::value::{Const, Value};

pub use super::signature::{keyword, keyword_of};

/// The Rust function behind a member.
pub type Native = fn(&mut Call<'_, '_>) -> R<Value>;

/// What sort of type a definition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Class,
    /// A class with static members only: no values, no conversions.
    Static,
    Struct,
    Interface,
    Enum,
    Delegate,
}

/// What sort of member it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MemberKind {
    Constructor,
    Method,
    /// A static method whose first parameter is the receiver.
    Extension,
    Property,
    Indexer,
    /// User-defined operator; the name is its symbol (`+`, `==`, …).
    Operator,
    Implicit,
    Explicit,
}

/// How an argument is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PassBy {
    Value,
    Out,
    Ref,
    /// The last parameter of a method that takes any number of elements.
    Params,
}

/// Value of an optional parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Default {
    /// This constant.
    Const(Const),
    /// `default(T)` of the parameter's type.
    OfType,
}

/// A parameter of a member.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Parameter {
    pub name: Box<str>,
    pub ty: Type,
    pub pass: PassBy,
    pub default: Option<Default>,
}

/// A member of a type.
#[allow(missing_docs)]
pub struct Member {
    pub name: Box<str>,
    pub kind: MemberKind,
    pub is_static: bool,
    pub owner: DefId,
    /// Names of the method's own type parameters.
    pub generics: Vec<String>,
    pub parameters: Vec<Parameter>,
    /// Type of the result, of a constructor the constructed type, of a property its type.
    pub result: Type,
    /// On the documented allow-list (strict mode takes nothing else).
    pub documented: bool,
    /// Can change an object that is reachable from outside the expression.
    pub mutates: bool,
    /// The text it was declared with.
    pub signature: &'static str,
    pub run: Native,
    /// Assignment to a property or indexer; the value is the last argument.
    pub set: Option<Native>,
    /// A property that can be assigned but not read.
    pub write_only: bool,
    /// A constant field's value.
    pub constant: Option<Const>,
}

/// Member together with the type that a lookup found it in.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct MemberType {
    pub member: &'static Member,
    /// Arguments of the declaring type.
    pub class: Vec<Type>,
}

/// A type parameter of a definition.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct TypeParameter {
    pub name: String,
    /// `out` (1), `in` (-1) or neither (0).
    pub variance: i8,
}

impl Member {
    /// Name of the type that declares it.
    #[must_use]
    pub fn owner_name(&self) -> &'static str {
        Registry::get().def(self.owner).map_or("", |def| &def.name)
    }
}

/// A type of the library.
#[allow(missing_docs)]
pub struct TypeDef {
    pub id: DefId,
    pub namespace: Box<str>,
    pub name: Box<str>,
    /// `int` of `System.Int32`.
    pub keyword: Option<&'static str>,
    pub kind: Kind,
    pub parameters: Vec<TypeParameter>,
    /// Base class first, then interfaces; in terms of the type's own parameters.
    pub bases: Vec<Type>,
    pub documented: bool,
    declared: Box<[MemberDraft]>,
    table: OnceLock<Table>,
    /// Members of an enumeration in order of declaration.
    pub values: Vec<(&'static str, i64)>,
    /// Enumeration of combinable flags.
    pub flags: bool,
    /// See [`TypeBuilder::weighs`].
    pub weight: usize,
    /// See [`TypeBuilder::reads_texts`].
    pub reads_texts: bool,
    /// Of a delegate: parameters and result of its `Invoke`.
    pub invoke: Option<(Vec<Parameter>, Type)>,
}

/// The members of a type, read from their signatures.
#[derive(Default)]
struct Table {
    /// In order of declaration.
    members: Box<[Member]>,
    /// Indices into `members`, by name; those of one name in order of declaration.
    by_name: Box<[u16]>,
    /// Which members are user-defined conversions.
    conversions: Box<[u16]>,
    /// Signatures that could not be understood.
    problems: Vec<String>,
}

impl Table {
    fn new(members: Vec<Member>, problems: Vec<String>) -> Self {
        let indices = || 0..u16::try_from(members.len()).unwrap_or(u16::MAX);
        let name = |i: &u16| members.get(usize::from(*i)).map(|m| &m.name);
        let mut by_name: Box<[u16]> = indices().collect();
        by_name.sort_by(|a, b| name(a).cmp(&name(b)));
        let is_conversion = |i: &u16| {
            members
                .get(usize::from(*i))
                .is_some_and(|m| matches!(m.kind, MemberKind::Implicit | MemberKind::Explicit))
        };
        Self {
            by_name,
            conversions: indices().filter(is_conversion).collect(),
            members: members.into(),
            problems,
        }
    }

    fn at(&self, i: u16) -> Option<&Member> {
        self.members.get(usize::from(i))
    }
}

impl TypeDef {
    fn table(&self) -> &Table {
        self.table
            .get_or_init(|| read_members(self, Registry::get()))
    }

    /// All members declared here, not inherited, in order of declaration.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.table().members
    }

    /// Members of that name declared here, not inherited.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Member> + use<'a> {
        let table = self.table();
        let name_at = |i: &u16| table.at(*i).map_or("", |m| &*m.name);
        let start = table.by_name.partition_point(|i| name_at(i) < name);
        let rest = table.by_name.get(start..).unwrap_or_default();
        let length = rest.partition_point(|i| name_at(i) == name);
        rest.iter().take(length).filter_map(|&i| table.at(i))
    }

    /// User-defined conversions declared here.
    pub fn conversions(&self) -> impl Iterator<Item = &Member> {
        let table = self.table();
        table.conversions.iter().filter_map(|&i| table.at(i))
    }

    /// Members of that kind declared here.
    pub fn of_kind(&self, kind: MemberKind) -> impl Iterator<Item = &Member> {
        self.members().iter().filter(move |m| m.kind == kind)
    }

    /// The type that this one is declared inside of: its namespace is that type's full name.
    #[must_use]
    pub fn declaring(&self) -> Option<&'static TypeDef> {
        Registry::get().by_full_name(&self.namespace)
    }

    /// Namespace and name, `+` behind a declaring type.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else if let Some(declaring) = self.declaring() {
            format!("{}+{}", declaring.full_name(), self.name)
        } else {
            format!("{}.{}", self.namespace, self.name)
        }
    }

    /// The type itself, its parameters standing for themselves.
    #[must_use]
    pub fn own_type(&self) -> Type {
        if self.parameters.is_empty() {
            Type::Named(self.id, None)
        } else {
            let count = u8::try_from(self.parameters.len()).unwrap_or(u8::MAX);
            Type::generic(self.id, (0..count).map(Type::ClassParam))
        }
    }

    /// The name of an enumeration's value; `a, b` for combined flags; `None` for an unnamed value.
    #[must_use]
    pub fn enum_text(&self, value: i64) -> Option<String> {
        if let Some((name, _)) = self.values.iter().find(|(_, v)| *v == value) {
            return Some((*name).to_owned());
        }
        if !self.flags || value == 0 {
            return None;
        }
        let mut rest = value;
        let mut names = Vec::new();
        let mut by_size: Vec<_> = self.values.iter().filter(|(_, v)| *v != 0).collect();
        by_size.sort_by_key(|(_, v)| std::cmp::Reverse(*v));
        for (name, bits) in by_size {
            if rest & bits == *bits {
                rest &= !bits;
                names.push(*name);
            }
        }
        names.reverse();
        (rest == 0).then(|| names.join(", "))
    }
}

/// All types of the library.
pub struct Registry {
    defs: Vec<TypeDef>,
    by_full_name: HashMap<String, DefId>,
    by_name: HashMap<(String, usize), Vec<DefId>>,
    /// By name: the class and the place among its members.
    extensions: HashMap<&'static str, Vec<(DefId, usize)>>,
    namespaces: Vec<String>,
    problems: Vec<String>,
}

impl Registry {
    /// The process's registry, built on first use.
    #[must_use]
    pub fn get() -> &'static Registry {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(|| {
            let mut types = Types::new();
            crate::dotnet::define(&mut types);
            types.finish()
        })
    }

    /// The definition of that number.
    #[must_use]
    pub fn def(&self, id: DefId) -> Option<&TypeDef> {
        self.defs.get(usize::from(id.0))
    }

    /// A type's own weight, or its base class's.
    fn weight(&self, def: &TypeDef) -> usize {
        match def.bases.first() {
            Some(Type::Named(base, _)) if def.weight == 0 => {
                self.def(*base).map_or(0, |base| self.weight(base))
            }
            _ => def.weight,
        }
    }

    /// All definitions.
    #[must_use]
    pub fn defs(&self) -> &[TypeDef] {
        &self.defs
    }

    /// A definition by full name, with `` `arity `` where generic.
    #[must_use]
    pub fn by_full_name(&self, name: &str) -> Option<&TypeDef> {
        self.by_full_name.get(name).and_then(|id| self.def(*id))
    }

    /// Definitions with that simple name and number of type parameters.
    #[must_use]
    pub fn by_name(&self, name: &str, arity: usize) -> &[DefId] {
        self.by_name
            .get(&(name.to_owned(), arity))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Extension methods of that name.
    pub fn extensions<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Member> + use<'a> {
        self.extensions
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .filter_map(|(def, i)| self.def(*def)?.members().get(*i))
    }

    /// Whether types live in this namespace or below it.
    #[must_use]
    pub fn is_namespace(&self, name: &str) -> bool {
        self.namespaces.iter().any(|ns| {
            ns.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Declarations that could not be understood; empty, as a test proves. Reads the whole library.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let of_members = self.defs.iter().flat_map(|def| &def.table().problems);
        self.problems.iter().chain(of_members).cloned().collect()
    }
}

impl Names for Registry {
    fn find(&self, name: &str, arity: usize) -> Option<DefId> {
        if arity == 0
            && let Some(def) = keyword(name)
        {
            return Some(def);
        }
        if let Some(first) = self.by_name(name, arity).first() {
            return Some(*first);
        }
        let def = if arity == 0 {
            self.by_full_name(name)
        } else {
            self.by_full_name(&format!("{name}`{arity}"))
        };
        def.map(|def| def.id)
    }

    fn enum_value(&self, def: DefId, member: &str) -> Option<i64> {
        let values = &self.def(def)?.values;
        let (_, value) = values.iter().find(|(name, _)| *name == member)?;
        Some(*value)
    }
}

struct MemberDraft {
    kind: MemberKind,
    is_static: bool,
    signature: &'static str,
    documented: bool,
    mutates: bool,
    run: Native,
    set: Option<Native>,
    write_only: bool,
    constant: Option<Const>,
}

struct TypeDraft {
    id: DefId,
    namespace: String,
    name: String,
    kind: Kind,
    parameters: Vec<TypeParameter>,
    bases: Vec<&'static str>,
    documented: bool,
    members: Vec<MemberDraft>,
    values: Vec<(&'static str, i64)>,
    flags: bool,
    weight: usize,
    reads_texts: bool,
    invoke: Option<&'static str>,
}

/// The registry under construction: what a type's `define` function writes into.
pub struct Types {
    drafts: Vec<TypeDraft>,
    by_full_name: HashMap<String, usize>,
}

fn no_value(_: &mut Call<'_, '_>) -> R<Value> {
    Ok(Value::Null)
}

impl Types {
    fn new() -> Self {
        let mut types = Self {
            drafts: Vec::new(),
            by_full_name: HashMap::new(),
        };
        for name in known::NAMES {
            types.reserve(name);
        }
        types
    }

    fn reserve(&mut self, full: &str) -> usize {
        if let Some(&at) = self.by_full_name.get(full) {
            return at;
        }
        let at = self.drafts.len();
        let plain = full.split('`').next().unwrap_or(full);
        let (namespace, name) = plain.rsplit_once('.').unwrap_or(("", plain));
        self.drafts.push(TypeDraft {
            id: DefId(u16::try_from(at).unwrap_or(u16::MAX)),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            kind: Kind::Class,
            parameters: Vec::new(),
            bases: Vec::new(),
            documented: true,
            members: Vec::new(),
            values: Vec::new(),
            flags: false,
            weight: 0,
            reads_texts: false,
            invoke: None,
        });
        self.by_full_name.insert(full.to_owned(), at);
        at
    }

    /// Declares (or continues) a type: `System.Collections.Generic.List<T>`, variance as in C# (`IEnumerable<out T>`).
    fn declare(&mut self, header: &str, kind: Kind) -> TypeBuilder<'_> {
        let (plain, parameters) = match header.split_once('<') {
            None => (header, Vec::new()),
            Some((plain, rest)) => {
                let parameters = rest
                    .trim_end_matches('>')
                    .split(',')
                    .map(|text| {
                        let text = text.trim();
                        let (variance, name) = if let Some(name) = text.strip_prefix("out ") {
                            (1, name)
                        } else if let Some(name) = text.strip_prefix("in ") {
                            (-1, name)
                        } else {
                            (0, text)
                        };
                        TypeParameter {
                            name: name.to_owned(),
                            variance,
                        }
                    })
                    .collect();
                (plain, parameters)
            }
        };
        let full = if parameters.is_empty() {
            plain.to_owned()
        } else {
            format!("{plain}`{}", parameters.len())
        };
        let at = self.reserve(&full);
        let draft = &mut self.drafts[at];
        draft.kind = kind;
        draft.parameters = parameters;
        TypeBuilder { draft }
    }

    /// A class. Its base is `object` unless [`TypeBuilder::base`] says otherwise.
    pub fn class(&mut self, header: &str) -> TypeBuilder<'_> {
        self.declare(header, Kind::Class)
    }

    /// A class with static members only (`Math`, `Enumerable`).
    pub fn static_class(&mut self, header: &str) -> TypeBuilder<'_> {
        self.declare(header, Kind::Static)
    }

    /// A value type.
    pub fn structure(&mut self, header: &str) -> TypeBuilder<'_> {
        self.declare(header, Kind::Struct)
    }

    /// An interface.
    pub fn interface(&mut self, header: &str) -> TypeBuilder<'_> {
        self.declare(header, Kind::Interface)
    }

    /// An enumeration with its values.
    pub fn enumeration(&mut self, header: &str, values: &[(&'static str, i64)]) -> TypeBuilder<'_> {
        let builder = self.declare(header, Kind::Enum);
        builder.draft.values = values.to_vec();
        builder
    }

    /// A delegate: `delegate("System.Func<in T, out TResult>", "TResult Invoke(T arg)")`.
    pub fn delegate(&mut self, header: &str, invoke: &'static str) -> TypeBuilder<'_> {
        let builder = self.declare(header, Kind::Delegate);
        builder.draft.invoke = Some(invoke);
        builder
    }

    fn finish(self) -> Registry {
        let mut headers = Vec::with_capacity(self.drafts.len());
        let mut registry = Registry {
            defs: Vec::with_capacity(self.drafts.len()),
            by_full_name: HashMap::new(),
            by_name: HashMap::new(),
            extensions: HashMap::new(),
            namespaces: Vec::new(),
            problems: Vec::new(),
        };
        for draft in self.drafts {
            headers.push((draft.bases, draft.invoke));
            registry
                .by_name
                .entry((draft.name.clone(), draft.parameters.len()))
                .or_default()
                .push(draft.id);
            registry.namespaces.push(draft.namespace.clone());
            for (i, member) in draft.members.iter().enumerate() {
                if member.kind == MemberKind::Extension {
                    registry
                        .extensions
                        .entry(signature::name_of(member.signature))
                        .or_default()
                        .push((draft.id, draft.values.len() + i));
                }
            }
            registry.defs.push(TypeDef {
                id: draft.id,
                namespace: draft.namespace.into(),
                name: draft.name.into(),
                keyword: signature::keyword_of(draft.id),
                kind: draft.kind,
                parameters: draft.parameters,
                bases: Vec::new(),
                documented: draft.documented,
                declared: draft.members.into(),
                table: OnceLock::new(),
                values: draft.values,
                flags: draft.flags,
                weight: draft.weight,
                reads_texts: draft.reads_texts,
                invoke: None,
            });
        }
        registry.namespaces.sort();
        registry.namespaces.dedup();
        let defs = &registry.defs;
        registry.by_full_name = self
            .by_full_name
            .into_iter()
            .filter_map(|(name, at)| Some((name, defs.get(at)?.id)))
            .collect();
        // Types refer to each other, so their headers are read when all of them are known.
        let mut problems = Vec::new();
        let read: Vec<_> = registry
            .defs
            .iter()
            .zip(headers)
            .map(|(def, (bases, invoke))| {
                let bases = read_bases(def, &bases, &registry, &mut problems);
                (bases, read_invoke(def, invoke, &registry, &mut problems))
            })
            .collect();
        for (def, (bases, invoke)) in registry.defs.iter_mut().zip(read) {
            def.bases = bases;
            def.invoke = invoke;
        }
        let weights: Vec<_> = registry
            .defs
            .iter()
            .map(|def| registry.weight(def))
            .collect();
        for (def, weight) in registry.defs.iter_mut().zip(weights) {
            def.weight = weight;
        }
        registry.problems = problems;
        registry
    }
}

/// Names of a definition's own type parameters.
fn class_parameters(def: &TypeDef) -> Vec<String> {
    def.parameters.iter().map(|p| p.name.clone()).collect()
}

fn read_bases(
    def: &TypeDef,
    texts: &[&'static str],
    registry: &Registry,
    problems: &mut Vec<String>,
) -> Vec<Type> {
    let class = class_parameters(def);
    let mut bases = Vec::new();
    for text in texts {
        match Reader::new(text, registry, &class).only_type() {
            Ok(ty) => bases.push(ty),
            Err(problem) => problems.push(format!("{}: base `{text}`: {problem}", def.full_name())),
        }
    }
    let has_class_base = bases.iter().any(|base| match base {
        Type::Named(id, _) => registry
            .def(*id)
            .is_some_and(|base| base.kind != Kind::Interface),
        _ => false,
    });
    if !has_class_base && def.id != known::OBJECT {
        let base = match def.kind {
            Kind::Struct => Some(Type::Named(known::VALUE_TYPE, None)),
            Kind::Enum => Some(Type::Named(known::ENUM, None)),
            Kind::Delegate => Some(Type::Named(known::DELEGATE, None)),
            Kind::Class => Some(Type::OBJECT),
            Kind::Static | Kind::Interface => None,
        };
        if let Some(base) = base {
            bases.insert(0, base);
        }
    }
    bases
}

fn read_invoke(
    def: &TypeDef,
    text: Option<&'static str>,
    registry: &Registry,
    problems: &mut Vec<String>,
) -> Option<(Vec<Parameter>, Type)> {
    let text = text?;
    match Reader::new(text, registry, &class_parameters(def)).signature() {
        Ok(signature) => Some((signature.parameters, signature.result)),
        Err(problem) => {
            problems.push(format!("{}: `{text}`: {problem}", def.full_name()));
            None
        }
    }
}

/// Reads the signatures of a type's members.
fn read_members(def: &TypeDef, registry: &Registry) -> Table {
    let class = class_parameters(def);
    let own = def.own_type();
    let mut problems = Vec::new();
    let mut members = Vec::with_capacity(def.values.len() + def.declared.len());
    for (name, value) in &def.values {
        members.push(Member {
            name: (*name).into(),
            kind: MemberKind::Property,
            is_static: true,
            owner: def.id,
            generics: Vec::new(),
            parameters: Vec::new(),
            result: own.clone(),
            documented: def.documented,
            mutates: false,
            signature: name,
            run: no_value,
            set: None,
            write_only: false,
            constant: Some(Const::Enum(def.id, *value)),
        });
    }
    for member in &def.declared {
        let signature = match Reader::new(member.signature, registry, &class).signature() {
            Ok(signature) => signature,
            Err(problem) => {
                let full = def.full_name();
                problems.push(format!("{full}: `{}`: {problem}", member.signature));
                continue;
            }
        };
        let (name, result) = match member.kind {
            MemberKind::Constructor => (".ctor".to_owned(), own.clone()),
            MemberKind::Indexer => ("this[]".to_owned(), signature.result),
            MemberKind::Implicit | MemberKind::Explicit => {
                (".conversion".to_owned(), signature.result)
            }
            _ => (signature.name, signature.result),
        };
        members.push(Member {
            name: name.into(),
            kind: member.kind,
            is_static: member.is_static,
            owner: def.id,
            generics: signature.generics,
            parameters: signature.parameters,
            result,
            documented: def.documented && member.documented,
            mutates: member.mutates,
            signature: member.signature,
            run: member.run,
            set: member.set,
            write_only: member.write_only,
            constant: member.constant.clone(),
        });
    }
    Table::new(members, problems)
}

/// Declares one type's members. Each method takes the member's C# signature and the function behind it.
pub struct TypeBuilder<'a> {
    draft: &'a mut TypeDraft,
}

/// Refines the member just declared.
pub struct MemberBuilder<'a> {
    draft: &'a mut MemberDraft,
}

impl MemberBuilder<'_> {
    /// Not on the documented allow-list: strict mode refuses it.
    pub fn beyond_documentation(self) -> Self {
        self.draft.documented = false;
        self
    }

    /// Changes its receiver or an argument.
    pub fn mutates(self) -> Self {
        self.draft.mutates = true;
        self
    }
}

impl TypeBuilder<'_> {
    fn add(
        &mut self,
        kind: MemberKind,
        is_static: bool,
        signature: &'static str,
        run: Native,
    ) -> MemberBuilder<'_> {
        self.draft.members.push(MemberDraft {
            kind,
            is_static,
            signature,
            documented: true,
            mutates: false,
            run,
            set: None,
            write_only: false,
            constant: None,
        });
        let at = self.draft.members.len() - 1;
        MemberBuilder {
            draft: &mut self.draft.members[at],
        }
    }

    /// The whole type is outside the documented allow-list.
    pub fn beyond_documentation(&mut self) -> &mut Self {
        self.draft.documented = false;
        self
    }

    /// Bytes of a value that a constructor or a static member of the type makes, beside what these pay for. Of derived
    /// classes too, unless they say otherwise.
    pub fn weighs(&mut self, bytes: usize) -> &mut Self {
        self.draft.weight = bytes;
        self
    }

    /// Every member of the type reads the texts it is given to the end and does not itself pay for that.
    pub fn reads_texts(&mut self) -> &mut Self {
        self.draft.reads_texts = true;
        self
    }

    /// Base class or interface, in C# spelling: `IEnumerable<T>`. A base class comes first.
    pub fn base(&mut self, text: &'static str) -> &mut Self {
        self.draft.bases.push(text);
        self
    }

    /// An enumeration whose values combine.
    pub fn flags(&mut self) -> &mut Self {
        self.draft.flags = true;
        self
    }

    /// `(int capacity)`; arguments start at 0.
    pub fn constructor(&mut self, signature: &'static str, run: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Constructor, true, signature, run)
    }

    /// `string Substring(int startIndex)`; argument 0 is the receiver.
    pub fn method(&mut self, signature: &'static str, run: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Method, false, signature, run)
    }

    /// `string Join(string separator, params string[] value)`
    pub fn static_method(&mut self, signature: &'static str, run: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Method, true, signature, run)
    }

    /// `TSource First<TSource>(this IEnumerable<TSource> source)`; argument 0 is the receiver.
    pub fn extension(&mut self, signature: &'static str, run: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Extension, true, signature, run)
    }

    /// `int Length`
    pub fn property(&mut self, signature: &'static str, get: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Property, false, signature, get)
    }

    /// A property that can be assigned; the setter's argument 1 is the value.
    pub fn property_with_set(
        &mut self,
        signature: &'static str,
        get: Native,
        set: Native,
    ) -> MemberBuilder<'_> {
        let builder = self.add(MemberKind::Property, false, signature, get);
        builder.draft.set = Some(set);
        builder
    }

    /// A property that can only be assigned.
    pub fn write_only_property(
        &mut self,
        signature: &'static str,
        set: Native,
    ) -> MemberBuilder<'_> {
        let builder = self.property_with_set(signature, no_value, set);
        builder.draft.write_only = true;
        builder
    }

    /// `DateTime UtcNow`
    pub fn static_property(&mut self, signature: &'static str, get: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Property, true, signature, get)
    }

    /// A constant or static read-only field: `int MaxValue`.
    pub fn constant(&mut self, signature: &'static str, value: Const) -> MemberBuilder<'_> {
        let builder = self.add(MemberKind::Property, true, signature, no_value);
        builder.draft.constant = Some(value);
        builder
    }

    /// `char this[int index]`; argument 0 is the receiver.
    pub fn indexer(&mut self, signature: &'static str, get: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Indexer, false, signature, get)
    }

    /// An indexer that can be assigned; the setter's last argument is the value.
    pub fn indexer_with_set(
        &mut self,
        signature: &'static str,
        get: Native,
        set: Native,
    ) -> MemberBuilder<'_> {
        let builder = self.add(MemberKind::Indexer, false, signature, get);
        builder.draft.set = Some(set);
        builder
    }

    /// `TimeSpan operator -(DateTime a, DateTime b)`
    pub fn operator(&mut self, signature: &'static str, run: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Operator, true, signature, run)
    }

    /// User-defined implicit conversion: `DateTimeOffset (DateTime value)`, target type first.
    pub fn implicit(&mut self, signature: &'static str, run: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Implicit, true, signature, run)
    }

    /// User-defined explicit conversion: `int (JToken value)`, target type first.
    pub fn explicit(&mut self, signature: &'static str, run: Native) -> MemberBuilder<'_> {
        self.add(MemberKind::Explicit, true, signature, run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declaration_of_the_library_reads() {
        let problems = Registry::get().problems();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn extension_methods_are_found_under_the_names_they_were_read_with() {
        let registry = Registry::get();
        let mut count = 0;
        for (name, places) in &registry.extensions {
            for (def, i) in places {
                let member = &registry.def(*def).unwrap().members()[*i];
                assert_eq!((&*member.name, member.kind), (*name, MemberKind::Extension));
                count += 1;
            }
        }
        assert!(count > 100);
    }

    #[test]
    fn every_reserved_type_is_declared() {
        for (i, name) in known::NAMES.iter().enumerate() {
            let def = &Registry::get().defs()[i];
            let arity = name.split_once('`').map_or(0, |(_, n)| n.parse().unwrap());
            assert_eq!(
                def.parameters.len(),
                arity,
                "{name} is reserved but not declared"
            );
        }
    }
}
