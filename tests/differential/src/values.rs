//! Random C# text for a value of a given type: literals of the pool, constructions, and calls of the library's own
//! members that give such a type.

use std::collections::HashMap;

use fastrand::Rng;
use tidegate_expressions::types::{
    DefId, Kind, Member, MemberKind, PassBy, Registry, Type, TypeDef, known,
};

use crate::pool;

/// A member of the registry: definition and place among its members.
pub type MemberId = (DefId, usize);

/// What has to be left out: it changes from run to run, needs an exchange, or takes minutes.
pub fn excluded(def: &TypeDef, member: &Member) -> Option<&'static str> {
    if &*def.namespace == "Tidegate" {
        return Some("part of API Management, not of .NET");
    }
    let name = &*member.name;
    if matches!(
        name,
        "Now"
            | "UtcNow"
            | "Today"
            | "NewGuid"
            | "GetHashCode"
            | "CurrentTimeZone"
            | "Local"
            | "GetSystemTimeZones"
    ) {
        return Some("differs from run to run or from machine to machine");
    }
    if &*def.name == "CultureInfo" && name == "DisplayName" {
        return Some("differs from run to run or from machine to machine");
    }
    if matches!(
        &*def.name,
        "RNGCryptoServiceProvider" | "RandomNumberGenerator"
    ) || matches!(name, "GenerateKey" | "GenerateIV")
        || &*def.name == "Random"
            && member.kind == MemberKind::Constructor
            && member.parameters.is_empty()
        || &*def.name == "RSA" && matches!(name, "Create" | "Encrypt")
        || def.name.starts_with("X509") && name == "Export"
    {
        return Some("random");
    }
    None
}

/// Calls inside one another, at most.
const MAX_NESTING: usize = 8;

/// A generator of expressions.
pub struct Generator {
    pub rng: Rng,
    /// Members that the expression under construction calls.
    pub used: Vec<MemberId>,
    /// Chance in a thousand that a value has another type than asked for.
    pub ill: u32,
    producers: HashMap<DefId, Vec<MemberId>>,
    /// How many calls stand inside one another right now.
    nesting: usize,
    scope: Vec<(String, Type)>,
    fresh: usize,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let mut producers: HashMap<DefId, Vec<MemberId>> = HashMap::new();
        for def in Registry::get().defs() {
            for (i, member) in def.members().iter().enumerate() {
                let plain = member
                    .parameters
                    .iter()
                    .all(|p| matches!(p.pass, PassBy::Value | PassBy::Params));
                let fits = matches!(
                    member.kind,
                    MemberKind::Constructor
                        | MemberKind::Method
                        | MemberKind::Property
                        | MemberKind::Extension
                );
                if !plain || !fits || !member.generics.is_empty() || excluded(def, member).is_some()
                {
                    continue;
                }
                if let Type::Named(id, _) = member.result {
                    producers.entry(id).or_default().push((def.id, i));
                }
            }
        }
        Self {
            rng: Rng::with_seed(seed),
            used: Vec::new(),
            ill: 0,
            producers,
            nesting: 0,
            scope: Vec::new(),
            fresh: 0,
        }
    }

    /// Forgets the last expression.
    pub fn restart(&mut self) {
        self.used.clear();
        self.scope.clear();
        self.fresh = 0;
    }

    /// Whether a chance of `part` in `whole` comes up.
    pub fn chance(&mut self, part: u32, whole: u32) -> bool {
        self.rng.u32(0..whole) < part
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.rng.usize(0..items.len())]
    }

    /// A name that the expression does not use yet.
    pub fn fresh(&mut self, stem: &str) -> String {
        self.fresh += 1;
        format!("{stem}{}", self.fresh)
    }

    /// A type to put in for a generic parameter.
    pub fn any_type(&mut self) -> Type {
        match self.rng.u32(0..14) {
            0..3 => Type::Named(known::INT32, None),
            3..6 => Type::STRING,
            6 => Type::DOUBLE,
            7 => Type::OBJECT,
            8 => Type::Named(known::DATE_TIME, None),
            9 => Type::CHAR,
            10 => Type::DECIMAL,
            11 => Type::nullable(Type::INT32),
            12 => Type::Named(known::JTOKEN, None),
            _ => Type::INT64,
        }
    }

    /// Text for a value of the type.
    pub fn value(&mut self, ty: &Type, depth: usize) -> String {
        if self.ill > 0 && self.chance(self.ill, 1000) {
            let other = self.any_type();
            return self.well_typed(&other, depth);
        }
        self.well_typed(ty, depth)
    }

    fn well_typed(&mut self, ty: &Type, depth: usize) -> String {
        if !self.scope.is_empty() && self.chance(2, 5) {
            let fits: Vec<String> = self
                .scope
                .iter()
                .filter(|(_, t)| t == ty)
                .map(|(n, _)| n.clone())
                .collect();
            if !fits.is_empty() {
                return fits[self.rng.usize(0..fits.len())].clone();
            }
            if *ty == Type::BOOL {
                return self.test_of_scope();
            }
        }
        if depth > 0
            && self.chance(1, 4)
            && let Some(text) = self.produced(ty, depth - 1)
        {
            return text;
        }
        self.plain(ty, depth)
    }

    /// A condition about a variable in scope.
    fn test_of_scope(&mut self) -> String {
        let (name, ty) = self.scope[self.rng.usize(0..self.scope.len())].clone();
        match ty {
            Type::INT32 | Type::INT64 | Type::DOUBLE | Type::DECIMAL | Type::CHAR => {
                let op = self.pick(&[">", "<", "==", "!=", "<=", ">="]);
                let other = self.plain(&ty, 0);
                format!("{name} {op} {other}")
            }
            Type::STRING => match self.rng.u32(0..3) {
                0 => format!("{name} == \"a\""),
                1 => format!("{name}.Length > 1"),
                _ => format!("string.IsNullOrEmpty({name})"),
            },
            Type::BOOL => format!("!{name}"),
            _ => {
                let other = self.plain(&ty, 0);
                format!("Equals({name}, {other})").replacen("Equals", "object.Equals", 1)
            }
        }
    }

    fn plain(&mut self, ty: &Type, depth: usize) -> String {
        let spelled = spell(ty);
        let view = spelled.contains("KeyCollection") || spelled.contains("ValueCollection");
        if ty.accepts_null() && !ty.is(known::NULLABLE) && !view && self.chance(1, 30) {
            return format!("({spelled})null");
        }
        match ty {
            Type::Array(element, 1) => {
                if **element == Type::BYTE {
                    return self
                        .pick(pool::values("byte[]").unwrap_or_default())
                        .to_owned();
                }
                let items = self.items(element, depth);
                return format!("new {spelled}{{{items}}}");
            }
            Type::Array(element, _) => {
                let (a, b) = (self.value(element, 0), self.value(element, 0));
                return format!("new {spelled}{{{{{a}}},{{{b}}}}}");
            }
            Type::Tuple(tuple) => {
                let parts: Vec<String> = tuple
                    .elements
                    .clone()
                    .iter()
                    .map(|e| self.value(e, depth.saturating_sub(1)))
                    .collect();
                return format!("({})", parts.join(", "));
            }
            Type::Dynamic => {
                return self
                    .pick(pool::values("object").unwrap_or_default())
                    .to_owned();
            }
            Type::Named(..) => {}
            _ => return "null".to_owned(),
        }
        if let Some(inner) = ty.nullable_underlying() {
            if self.chance(1, 4) {
                return format!("({spelled})null");
            }
            let inner = self.value(&inner.clone(), depth.saturating_sub(1));
            return format!("({spelled})({inner})");
        }
        if ty.args().is_empty()
            && let Some(texts) = pool::values(ty.def().map_or("", |d| d.keyword.unwrap_or(&d.name)))
        {
            return self.pick(texts).to_owned();
        }
        let Some(def) = ty.def() else {
            return "null".to_owned();
        };
        if ty.is_enum() {
            return self.enumeration(def);
        }
        if ty.is_delegate() {
            return self.lambda(ty, depth);
        }
        if let Some(text) = self.collection(ty, def, depth) {
            return text;
        }
        if (depth > 0 || def.kind != Kind::Struct)
            && let Some(text) = self.produced(ty, depth.saturating_sub(1))
        {
            return text;
        }
        if ty.is_value_type() {
            format!("default({spelled})")
        } else {
            format!("({spelled})null")
        }
    }

    fn enumeration(&mut self, def: &TypeDef) -> String {
        let name = spell(&def.own_type());
        if def.values.is_empty() || self.chance(1, 20) {
            return format!("({name})99");
        }
        let value = def.values[self.rng.usize(0..def.values.len())].0;
        if def.flags && self.chance(1, 4) {
            let other = def.values[self.rng.usize(0..def.values.len())].0;
            return format!("({name}.{value} | {name}.{other})");
        }
        format!("{name}.{value}")
    }

    fn items(&mut self, element: &Type, depth: usize) -> String {
        let count = self.rng.usize(0..5);
        let items: Vec<String> = (0..count)
            .map(|_| self.value(element, depth.saturating_sub(1).min(1)))
            .collect();
        items.join(", ")
    }

    fn lambda(&mut self, ty: &Type, depth: usize) -> String {
        let Some((parameters, result)) = ty.def().and_then(|d| d.invoke.clone()) else {
            return "null".to_owned();
        };
        let outer = self.scope.len();
        let mut names = Vec::new();
        for parameter in &parameters {
            let name = self.fresh("p");
            self.scope
                .push((name.clone(), parameter.ty.substitute(ty.args(), &[])));
            names.push(name);
        }
        let result = result.substitute(ty.args(), &[]);
        let body = if result == Type::Void {
            "{ }".to_owned()
        } else {
            self.value(&result, depth.saturating_sub(1))
        };
        self.scope.truncate(outer);
        let head = if names.len() == 1 {
            names.remove(0)
        } else {
            format!("({})", names.join(", "))
        };
        format!("{head} => {body}")
    }

    fn collection(&mut self, ty: &Type, def: &TypeDef, depth: usize) -> Option<String> {
        let args = ty.args();
        let spelled = spell(ty);
        Some(match (&*def.name, args) {
            (
                "IEnumerable" | "IReadOnlyCollection" | "IReadOnlyList" | "IList" | "ICollection",
                [t],
            ) => {
                let t = t.clone();
                let items = self.items(&t, depth);
                let element = spell(&t);
                match self.rng.u32(0..4) {
                    0 => format!("new List<{element}>{{{items}}}"),
                    1 if &*def.name == "IEnumerable" => format!(
                        "new {element}[]{{{items}}}.Where({} => true)",
                        self.fresh("w")
                    ),
                    _ => format!("new {element}[]{{{items}}}"),
                }
            }
            ("List" | "HashSet", [t]) => {
                let t = t.clone();
                let items = self.items(&t, depth);
                format!("new {spelled}{{{items}}}")
            }
            ("ISet", [t]) => {
                let t = t.clone();
                let items = self.items(&t, depth);
                format!("new HashSet<{}>{{{items}}}", spell(&t))
            }
            ("Queue" | "Stack", [t]) => {
                let t = t.clone();
                let items = self.items(&t, depth);
                format!("new {spelled}(new {}[]{{{items}}})", spell(&t))
            }
            ("ReadOnlyCollection", [t]) => {
                let t = t.clone();
                let items = self.items(&t, depth);
                format!("new List<{}>{{{items}}}.AsReadOnly()", spell(&t))
            }
            (
                "Dictionary"
                | "IDictionary"
                | "IReadOnlyDictionary"
                | "KeyCollection"
                | "ValueCollection",
                [k, v],
            ) => {
                let (k, v) = (k.clone(), v.clone());
                let count = self.rng.usize(0..4);
                let mut entries = Vec::new();
                for _ in 0..count {
                    let key = self.value(&k, 0);
                    let value = self.value(&v, 0);
                    entries.push(format!("[{key}] = {value}"));
                }
                let tail = match &*def.name {
                    "KeyCollection" => ".Keys",
                    "ValueCollection" => ".Values",
                    _ => "",
                };
                format!(
                    "new Dictionary<{},{}>{{{}}}{tail}",
                    spell(&k),
                    spell(&v),
                    entries.join(", ")
                )
            }
            ("KeyValuePair", [k, v]) => {
                let (k, v) = (k.clone(), v.clone());
                let (a, b) = (self.value(&k, 0), self.value(&v, 0));
                format!("new {spelled}({a}, {b})")
            }
            ("IEnumerator", [t]) => {
                let t = t.clone();
                let items = self.items(&t, depth);
                format!(
                    "((IEnumerable<{0}>)new {0}[]{{{items}}}).GetEnumerator()",
                    spell(&t)
                )
            }
            ("IComparer" | "Comparer", [t]) => {
                if *t == Type::STRING && &*def.name == "IComparer" {
                    self.pick(&[
                        "StringComparer.Ordinal",
                        "StringComparer.OrdinalIgnoreCase",
                        "StringComparer.InvariantCulture",
                        "StringComparer.InvariantCultureIgnoreCase",
                    ])
                    .to_owned()
                } else {
                    format!("Comparer<{}>.Default", spell(t))
                }
            }
            ("IEqualityComparer" | "EqualityComparer", [t]) => {
                if *t == Type::STRING && &*def.name == "IEqualityComparer" {
                    self.pick(&[
                        "StringComparer.Ordinal",
                        "StringComparer.OrdinalIgnoreCase",
                        "StringComparer.InvariantCulture",
                    ])
                    .to_owned()
                } else {
                    format!("EqualityComparer<{}>.Default", spell(t))
                }
            }
            ("IOrderedEnumerable", [t]) => {
                let t = t.clone();
                let items = self.items(&t, depth);
                let p = self.fresh("o");
                format!("new {}[]{{{items}}}.OrderBy({p} => {p})", spell(&t))
            }
            ("IGrouping", [k, t]) => {
                let (k, t) = (k.clone(), t.clone());
                let items = self.items(&t, depth);
                let key = self.value(&k, 0);
                format!(
                    "new {}[]{{{items}}}.GroupBy({} => {key}).First()",
                    spell(&t),
                    self.fresh("g")
                )
            }
            ("ILookup" | "Lookup", [k, t]) => {
                let (k, t) = (k.clone(), t.clone());
                let items = self.items(&t, depth);
                let key = self.value(&k, 0);
                let cast = if &*def.name == "Lookup" {
                    format!("({})", spell(ty))
                } else {
                    String::new()
                };
                format!(
                    "{cast}new {}[]{{{items}}}.ToLookup({} => {key})",
                    spell(&t),
                    self.fresh("g")
                )
            }
            ("IJEnumerable" | "JEnumerable", [t]) => {
                let cast = if t.is(known::JTOKEN) {
                    "Children()".to_owned()
                } else {
                    format!("Children<{}>()", spell(t))
                };
                format!("JArray.Parse(\"[1,{{\\\"a\\\":2}},[3]]\").{cast}")
            }
            _ => return None,
        })
    }

    /// A call of a member that gives the type.
    fn produced(&mut self, ty: &Type, depth: usize) -> Option<String> {
        let Type::Named(id, _) = ty else { return None };
        // A class whose only sources need another one of it would go on for ever.
        if self.nesting == MAX_NESTING {
            return None;
        }
        let candidates = self.producers.get(id)?;
        let (def, index) = candidates[self.rng.usize(0..candidates.len())];
        let def = Registry::get().def(def)?;
        let member = def.members().get(index)?;
        // Only where the result is exactly the type, the declaring type's parameters chosen to make it so.
        let class: Vec<Type> = if def.parameters.is_empty() {
            Vec::new()
        } else if def.id == *id {
            ty.args().to_vec()
        } else {
            def.parameters.iter().map(|_| self.any_type()).collect()
        };
        if member.result.substitute(&class, &[]) != *ty {
            return None;
        }
        self.nesting += 1;
        let call = self.call(def, index, &class, depth);
        self.nesting -= 1;
        call.map(|call| call.text)
    }

    /// A call of the member with random receiver and arguments. `None` where it takes a statement of its own.
    pub fn call(
        &mut self,
        def: &'static TypeDef,
        index: usize,
        class: &[Type],
        depth: usize,
    ) -> Option<CallText> {
        let member = def.members().get(index)?;
        self.used.push((def.id, index));
        let owner = def.own_type().substitute(class, &[]);
        let method: Vec<Type> = member
            .generics
            .iter()
            .map(|_| self.generic_argument(def, member))
            .collect();
        let mut arguments = Vec::new();
        let mut outs = Vec::new();
        let mut setup = Vec::new();
        let extension = member.kind == MemberKind::Extension;
        for parameter in &member.parameters {
            let ty = parameter.ty.substitute(class, &method);
            match parameter.pass {
                PassBy::Out => {
                    let name = self.fresh("o");
                    arguments.push(format!("out {} {name}", spell(&ty)));
                    outs.push(name);
                }
                PassBy::Ref => {
                    let name = self.fresh("r");
                    let value = self.value(&ty, 0);
                    setup.push(format!("{} {name} = {value};", spell(&ty)));
                    arguments.push(format!("ref {name}"));
                    outs.push(name);
                }
                PassBy::Params => {
                    let Type::Array(element, _) = &ty else {
                        return None;
                    };
                    if self.chance(1, 3) {
                        arguments.push(self.value(&ty, depth));
                    } else {
                        for _ in 0..self.rng.usize(0..4) {
                            arguments.push(self.value(element, depth.saturating_sub(1)));
                        }
                    }
                }
                PassBy::Value => {
                    if parameter.default.is_some() && self.chance(1, 2) {
                        break;
                    }
                    let spelled = spell(&ty);
                    let special =
                        pool::by_parameter(&def.name, &member.name, &parameter.name, &spelled);
                    arguments.push(match special {
                        Some(texts) if !self.chance(1, 20) => self.pick(texts).to_owned(),
                        _ => self.value(&ty, depth),
                    });
                }
            }
        }
        let receiver = |this: &mut Self| {
            let text = this.plain(&owner, depth);
            if def.kind == Kind::Interface {
                format!("(({}){text})", spell(&owner))
            } else {
                wrap(&text)
            }
        };
        let explicit = if method.is_empty() || (self.chance(1, 2) && inferable(member)) {
            String::new()
        } else {
            format!(
                "<{}>",
                method.iter().map(spell).collect::<Vec<_>>().join(", ")
            )
        };
        let name = &*member.name;
        let list = arguments.join(", ");
        let mut assigned = false;
        let text = match member.kind {
            MemberKind::Constructor => format!("new {}({list})", spell(&owner)),
            MemberKind::Method if member.is_static => {
                format!("{}.{name}{explicit}({list})", spell(&owner))
            }
            MemberKind::Extension => {
                if arguments.is_empty() {
                    return None;
                }
                if explicit.is_empty() && extension && self.chance(1, 10)
                    || arguments[0].starts_with("null")
                {
                    format!("{}.{name}{explicit}({list})", qualified(def))
                } else {
                    let first = arguments.remove(0);
                    format!(
                        "{}.{name}{explicit}({})",
                        wrap(&first),
                        arguments.join(", ")
                    )
                }
            }
            MemberKind::Method => format!("{}.{name}{explicit}({list})", receiver(self)),
            MemberKind::Property if member.is_static => format!("{}.{name}", spell(&owner)),
            MemberKind::Property => {
                if member.set.is_some() && self.chance(1, 2) {
                    let value = self.value(&member.result.substitute(class, &[]), depth);
                    let r = self.fresh("x");
                    let from = receiver(self);
                    setup.push(format!("var {r} = {from}; {r}.{name} = {value};"));
                    assigned = true;
                    if self.chance(1, 2) {
                        format!("{r}.{name}")
                    } else {
                        r
                    }
                } else {
                    format!("{}.{name}", receiver(self))
                }
            }
            MemberKind::Indexer => {
                if member.set.is_some() && self.chance(1, 2) {
                    let value = self.value(&member.result.substitute(class, &[]), depth);
                    let r = self.fresh("x");
                    let from = receiver(self);
                    setup.push(format!("var {r} = {from}; {r}[{list}] = {value};"));
                    assigned = true;
                    r
                } else {
                    format!("{}[{list}]", receiver(self))
                }
            }
            MemberKind::Operator => match arguments.as_slice() {
                [a] => match name {
                    "true" | "false" => return None,
                    "++" | "--" => {
                        let r = self.fresh("x");
                        setup.push(format!("var {r} = {a}; {r}{name};"));
                        r
                    }
                    _ => format!("({name}{})", wrap(a)),
                },
                [a, b] => format!("({} {name} {})", wrap(a), wrap(b)),
                _ => return None,
            },
            MemberKind::Implicit | MemberKind::Explicit => {
                let [a] = arguments.as_slice() else {
                    return None;
                };
                format!(
                    "({})({a})",
                    spell(&member.result.substitute(class, &method))
                )
            }
        };
        let result = if assigned {
            owner
        } else {
            member.result.substitute(class, &method)
        };
        Some(CallText {
            text,
            setup,
            outs,
            void: result == Type::Void,
            result,
        })
    }

    /// The same, as a statement about a receiver that is shown afterwards.
    pub fn statement(
        &mut self,
        def: &'static TypeDef,
        index: usize,
        class: &[Type],
        depth: usize,
    ) -> Option<String> {
        let call = self.call(def, index, class, depth)?;
        let setup = call.setup.join(" ");
        if call.void {
            // The receiver gets a name, so that it can be looked at afterwards.
            let member = def.members().get(index)?;
            if member.is_static || member.kind == MemberKind::Extension {
                let shown = call.outs.first().cloned().unwrap_or_else(|| "0".to_owned());
                return Some(format!("@{{ {setup} {}; return {shown}; }}", call.text));
            }
            let owner = def.own_type().substitute(class, &[]);
            let receiver = self.plain(&owner, depth);
            let name = self.fresh("v");
            let tail = arguments_of(&call.text, &member.name)?;
            // A few types have no name that Tidegate knows: the views of a dictionary.
            let ty = if matches!(&*def.name, "KeyCollection" | "ValueCollection") {
                "var".to_owned()
            } else {
                spell(&owner)
            };
            let shown: Vec<String> = std::iter::once(name.clone()).chain(call.outs).collect();
            let shown = if shown.len() == 1 {
                format!("{name}{}", markup(&owner))
            } else {
                format!("new object[] {{ {} }}", shown.join(", "))
            };
            return Some(format!(
                "@{{ {setup} {ty} {name} = {receiver}; {name}.{}{tail}; return {shown}; }}",
                member.name
            ));
        }
        if !call.outs.is_empty() {
            return Some(format!(
                "@{{ {setup} var result = {}; return new object[] {{ result, {} }}; }}",
                call.text,
                call.outs.join(", ")
            ));
        }
        if !call.setup.is_empty() {
            let tail = markup(&call.result);
            return Some(format!("@{{ {setup} return {}{tail}; }}", call.text));
        }
        let shown = match call.result {
            Type::Named(known::DATE_TIME | known::DATE_TIME_OFFSET, None) if self.chance(1, 2) => {
                format!("{}.ToString(\"o\")", wrap(&call.text))
            }
            Type::Named(known::JTOKEN, None) if self.chance(1, 4) => {
                format!("{}.ToString()", wrap(&call.text))
            }
            ref ty if !markup(ty).is_empty() && self.chance(3, 4) => {
                format!("{}{}", wrap(&call.text), markup(ty))
            }
            _ => call.text,
        };
        Some(format!("@({shown})"))
    }

    fn generic_argument(&mut self, def: &TypeDef, member: &Member) -> Type {
        if matches!(&*def.name, "Enum") {
            return if self.chance(1, 2) {
                named("System.DayOfWeek")
            } else {
                named("System.StringComparison")
            };
        }
        if def.namespace.starts_with("Newtonsoft") && self.chance(1, 2) && &*member.name != "Value"
        {
            return Type::Named(known::JTOKEN, None);
        }
        self.any_type()
    }
}

/// A call as text.
pub struct CallText {
    pub text: String,
    /// Statements that go before.
    pub setup: Vec<String>,
    /// Variables that the call fills.
    pub outs: Vec<String>,
    pub void: bool,
    pub result: Type,
}

/// The type of that full name, which the library has.
pub fn named(full: &str) -> Type {
    Registry::get()
        .by_full_name(full)
        .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
}

fn arguments_of(text: &str, name: &str) -> Option<String> {
    // The call is the last thing in the text: its list ends there.
    let mut from = 0;
    let mut best = None;
    while let Some(at) = text[from..].find(&format!(".{name}")) {
        let end = from + at + name.len() + 1;
        let tail = &text[end..];
        if tail.starts_with(['(', '<']) && balanced(tail) {
            best = Some(tail.to_owned());
            break;
        }
        from = end;
    }
    best
}

fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return i + 1 == text.len();
                }
            }
            _ => {}
        }
    }
    false
}

fn inferable(member: &Member) -> bool {
    (0..member.generics.len()).all(|i| {
        let i = u8::try_from(i).unwrap_or(u8::MAX);
        member
            .parameters
            .iter()
            .any(|p| p.ty.any(&|t| *t == Type::MethodParam(i)))
    })
}

/// What shows a node as its markup; nothing for values of other types.
fn markup(ty: &Type) -> &'static str {
    match ty.def() {
        Some(def) if &*def.namespace == "System.Xml" => match &*def.name {
            "XmlNode"
            | "XmlElement"
            | "XmlDocument"
            | "XmlAttribute"
            | "XmlText"
            | "XmlComment"
            | "XmlCDataSection"
            | "XmlDeclaration"
            | "XmlProcessingInstruction" => "?.OuterXml",
            "XmlAttributeCollection" | "XmlNodeList" => {
                "?.Cast<XmlNode>().Select(n => n.OuterXml).ToArray()"
            }
            _ => "",
        },
        _ => "",
    }
}

/// Parentheses round what is not a primary expression.
pub fn wrap(text: &str) -> String {
    let simple = text
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '.')
        && !text.starts_with(|c: char| c.is_ascii_digit());
    let string = text.len() > 1
        && text.starts_with('"')
        && text.ends_with('"')
        && !text[1..text.len() - 1].replace("\\\"", "").contains('"');
    if simple || string {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

fn qualified(def: &TypeDef) -> String {
    if &*def.name == "Extensions" {
        def.full_name()
    } else {
        def.name.to_string()
    }
}

/// The type in C#, as it can be written in an expression.
pub fn spell(ty: &Type) -> String {
    match ty {
        Type::Named(known::NULLABLE, _) => ty
            .nullable_underlying()
            .map_or_else(String::new, |t| format!("{}?", spell(t))),
        Type::Named(_, args) => {
            let Some(def) = ty.def() else {
                return "object".to_owned();
            };
            if let Some(keyword) = def.keyword {
                return keyword.to_owned();
            }
            let list = args.as_ref().map_or_else(String::new, |args| {
                format!(
                    "<{}>",
                    args.iter().map(spell).collect::<Vec<_>>().join(", ")
                )
            });
            let nested = def.namespace.rsplit('.').next().unwrap_or_default();
            match nested {
                "TimeZoneInfo" => format!("TimeZoneInfo.{}", def.name),
                "Dictionary" => format!("Dictionary{list}.{}", def.name),
                _ => format!("{}{list}", qualified(def)),
            }
        }
        Type::Array(element, rank) => {
            let mut inner = element;
            let mut brackets = format!("[{}]", ",".repeat(usize::from(rank.saturating_sub(1))));
            while let Type::Array(next, rank) = &**inner {
                brackets.push_str(&format!(
                    "[{}]",
                    ",".repeat(usize::from(rank.saturating_sub(1)))
                ));
                inner = next;
            }
            format!("{}{brackets}", spell(inner))
        }
        Type::Tuple(tuple) => format!(
            "({})",
            tuple
                .elements
                .iter()
                .map(spell)
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Type::Dynamic => "dynamic".to_owned(),
        Type::Void => "void".to_owned(),
        _ => "object".to_owned(),
    }
}
