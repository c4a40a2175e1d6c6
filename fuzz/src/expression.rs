//! Expressions that mostly compile: choices pick a member of the library, then values of the types it takes.

use tidegate_expressions::types::{Kind, Member, MemberKind, PassBy, Registry, Type, known};

use crate::Choices;
use crate::library::Library;
use crate::literal::literal;

/// An expression with its brackets.
pub fn any_expression(choices: &mut Choices<'_>) -> String {
    let mut generator = Generator {
        choices,
        scope: Vec::new(),
        names: 0,
        rest: 40,
    };
    match generator.choices.below(8) {
        0..4 => format!("@({})", generator.call(4)),
        4 => {
            let ty = generator.ty();
            format!("@({})", generator.value(&ty, 4))
        }
        5 => format!("@({})", generator.query()),
        _ => generator.block(),
    }
}

struct Generator<'c, 'b> {
    choices: &'c mut Choices<'b>,
    /// Variables with their types.
    scope: Vec<(String, Type)>,
    names: usize,
    /// How many more members may be used.
    rest: usize,
}

/// Types that stand for generic parameters.
const PLAIN: &[Type] = &[
    Type::INT32,
    Type::STRING,
    Type::OBJECT,
    Type::DOUBLE,
    Type::CHAR,
    Type::INT64,
    Type::DECIMAL,
    Type::BOOL,
];

impl Generator<'_, '_> {
    fn plain(&mut self) -> Type {
        self.choices.pick(PLAIN).cloned().unwrap_or(Type::OBJECT)
    }

    fn plains(&mut self, count: usize) -> Vec<Type> {
        (0..count).map(|_| self.plain()).collect()
    }

    fn ty(&mut self) -> Type {
        match self.choices.below(5) {
            0 => Type::array(self.plain()),
            1 => Type::generic(known::LIST, [self.plain()]),
            2 => Type::generic(known::DICTIONARY, [Type::STRING, self.plain()]),
            3 => Type::nullable(Type::INT32),
            _ => self.plain(),
        }
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    /// A member of the library, called.
    fn call(&mut self, depth: usize) -> String {
        let members = &Library::get().members;
        match self.choices.pick(members).copied() {
            Some(member) => self.member(member, None, depth),
            None => "null".into(),
        }
    }

    /// A member with arguments; where `wanted` is given, its type arguments are taken from there.
    fn member(&mut self, member: &'static Member, wanted: Option<&Type>, depth: usize) -> String {
        self.rest = self.rest.saturating_sub(1);
        let Some(owner) = Registry::get().def(member.owner) else {
            return "null".into();
        };
        let class = match wanted {
            Some(Type::Named(def, Some(args))) if *def == member.owner => args.to_vec(),
            _ => self.plains(owner.parameters.len()),
        };
        let method = match wanted {
            Some(Type::Named(_, Some(args))) if args.len() == member.generics.len() => {
                args.to_vec()
            }
            Some(Type::Array(element, _)) if member.generics.len() == 1 => {
                vec![(**element).clone()]
            }
            _ => self.plains(member.generics.len()),
        };
        let own = owner.own_type().substitute(&class, &method);
        let mut parameters: Vec<_> = member.parameters.iter().collect();
        let mut on = String::new();
        if member.is_static || member.kind == MemberKind::Operator {
            on = own.to_string();
        } else if member.kind == MemberKind::Extension && !parameters.is_empty() {
            let first = parameters.remove(0);
            on = self.value(&first.ty.substitute(&class, &method), depth);
        } else if member.kind != MemberKind::Constructor {
            on = self.value(&own, depth);
        }
        let mut arguments = Vec::new();
        for parameter in parameters {
            if parameter.default.is_some() && self.choices.one_in(2) {
                break;
            }
            let ty = parameter.ty.substitute(&class, &method);
            match parameter.pass {
                PassBy::Out => arguments.push(format!("out {ty} {}", self.name())),
                PassBy::Ref => return "null".into(),
                PassBy::Params => {
                    if let Type::Array(element, _) = &ty {
                        for _ in 0..self.choices.below(4) {
                            arguments.push(self.value(element, depth));
                        }
                    }
                }
                PassBy::Value => arguments.push(self.value(&ty, depth)),
            }
        }
        let list = arguments.join(", ");
        match member.kind {
            MemberKind::Constructor => format!("new {own}({list})"),
            MemberKind::Property => format!("{on}.{}", member.name),
            MemberKind::Indexer => format!("{on}[{list}]"),
            MemberKind::Operator => match arguments.as_slice() {
                [one] => format!("({}({one}))", member.name),
                [left, right] => format!("(({left}) {} ({right}))", member.name),
                _ => "null".into(),
            },
            _ if member.generics.is_empty() => format!("{on}.{}({list})", member.name),
            _ => {
                let types: Vec<String> = method.iter().map(Type::to_string).collect();
                format!("{on}.{}<{}>({list})", member.name, types.join(", "))
            }
        }
    }

    /// A value of the type, as well as the library can give one.
    fn value(&mut self, ty: &Type, depth: usize) -> String {
        if *ty == Type::OBJECT {
            let plain = self.plain();
            if plain != Type::OBJECT {
                return format!("(object)({})", self.value(&plain, depth));
            }
        }
        if self.choices.one_in(3) {
            let known: Vec<String> = self
                .scope
                .iter()
                .filter(|(_, of)| of == ty)
                .map(|(name, _)| name.clone())
                .collect();
            if let Some(name) = self.choices.pick(&known) {
                return name.clone();
            }
        }
        let text = ty.to_string();
        let shallow = depth == 0 || self.rest == 0 || self.choices.is_empty();
        let has_literal = !ty.is(known::NULLABLE);
        if has_literal && (shallow || !self.choices.one_in(3)) {
            if let Some(literal) = literal(self.choices, &text) {
                return literal;
            }
        }
        if let Some(built) = self.built(ty, &text, depth.saturating_sub(1)) {
            return built;
        }
        if shallow {
            return literal(self.choices, &text).unwrap_or_else(|| format!("default({text})"));
        }
        match self.choices.pick(Library::get().giving(ty)).copied() {
            Some(member) => {
                let call = self.member(member, Some(ty), depth - 1);
                if self.choices.one_in(6) {
                    let condition = self.value(&Type::BOOL, depth - 1);
                    return format!("({condition} ? {call} : default({text}))");
                }
                call
            }
            None => format!("default({text})"),
        }
    }

    /// Values that the language itself makes.
    fn built(&mut self, ty: &Type, text: &str, depth: usize) -> Option<String> {
        match ty {
            Type::Array(element, 1) => return Some(self.array(element, depth)),
            Type::Tuple(tuple) => {
                let values: Vec<String> = tuple
                    .elements
                    .iter()
                    .map(|e| self.value(e, depth))
                    .collect();
                return Some(format!("({})", values.join(", ")));
            }
            Type::Named(..) => {}
            _ => return Some("null".into()),
        }
        if let Some(underlying) = ty.nullable_underlying() {
            return Some(if self.choices.one_in(3) {
                format!("({text})null")
            } else {
                format!("({text})({})", self.value(underlying, depth))
            });
        }
        let def = ty.def()?;
        if def.kind == Kind::Enum {
            return Some(match self.choices.pick(&def.values) {
                Some((name, _)) if !self.choices.one_in(8) => format!("{text}.{name}"),
                _ => format!("({text})(99)"),
            });
        }
        if let Some((parameters, result)) = &def.invoke {
            return Some(self.lambda(
                parameters.iter().map(|p| p.ty.clone()).collect(),
                result,
                ty.args(),
                depth,
            ));
        }
        let first = ty.args().first().cloned();
        match (&*def.name, first) {
            ("IEnumerable" | "IReadOnlyList" | "IReadOnlyCollection", Some(element))
                if !self.choices.one_in(4) =>
            {
                Some(self.array(&element, depth))
            }
            ("List" | "IList" | "ICollection" | "HashSet", Some(element))
                if !self.choices.one_in(4) =>
            {
                let name = if &*def.name == "HashSet" {
                    "HashSet"
                } else {
                    "List"
                };
                Some(format!(
                    "new {name}<{element}>({})",
                    self.array(&element, depth)
                ))
            }
            ("Dictionary" | "IDictionary" | "IReadOnlyDictionary", Some(key))
                if !self.choices.one_in(4) =>
            {
                let value = ty.args().get(1)?.clone();
                let entries: Vec<String> = (0..self.choices.below(3))
                    .map(|_| {
                        format!(
                            "{{ {}, {} }}",
                            self.value(&key, depth),
                            self.value(&value, depth)
                        )
                    })
                    .collect();
                Some(format!(
                    "new Dictionary<{key}, {value}> {{ {} }}",
                    entries.join(", ")
                ))
            }
            ("IEnumerable", None) => Some("new object[] { 1, \"a\", null }".into()),
            _ => None,
        }
    }

    fn array(&mut self, element: &Type, depth: usize) -> String {
        let values: Vec<String> = (0..self.choices.below(5))
            .map(|_| self.value(element, depth))
            .collect();
        format!("new {element}[] {{ {} }}", values.join(", "))
    }

    fn lambda(
        &mut self,
        parameters: Vec<Type>,
        result: &Type,
        args: &[Type],
        depth: usize,
    ) -> String {
        let outside = self.scope.len();
        let names: Vec<String> = parameters
            .iter()
            .map(|ty| {
                let name = self.name();
                self.scope.push((name.clone(), ty.substitute(args, &[])));
                name
            })
            .collect();
        let result = result.substitute(args, &[]);
        let body = if result == Type::Void {
            "{ }".into()
        } else {
            self.value(&result, depth)
        };
        self.scope.truncate(outside);
        format!("({}) => {body}", names.join(", "))
    }

    fn query(&mut self) -> String {
        let element = self.plain();
        let source = self.array(&element, 2);
        let name = self.name();
        self.scope.push((name.clone(), element.clone()));
        let condition = self.value(&Type::BOOL, 2);
        let key = self.value(&element, 2);
        let result = self.value(&Type::STRING, 2);
        self.scope.clear();
        format!(
            "from {name} in {source} where {condition} orderby {key} descending group {result} by {name}"
        )
    }

    /// Statements: variables, loops and exceptions around calls.
    fn block(&mut self) -> String {
        let mut out = String::from("@{ ");
        for _ in 0..=self.choices.below(6) {
            let ty = self.ty();
            let name = self.name();
            let value = self.value(&ty, 3);
            out.push_str(&format!("{ty} {name} = {value}; "));
            self.scope.push((name.clone(), ty.clone()));
            let inner = self.call(2);
            let again = self.value(&ty, 2);
            out.push_str(&match self.choices.below(7) {
                0 => format!("try {{ {name} = {again}; var w{name} = {inner}; }} catch (Exception e{name}) {{ var t{name} = e{name}.ToString(); }} "),
                1 => format!("for (int i{name} = 0; i{name} < 50; i{name}++) {{ {name} = {again}; }} "),
                2 => format!("foreach (var i{name} in {}) {{ var w{name} = {inner}; }} ", self.array(&ty, 2)),
                3 => format!("{ty} f{name}({ty} p{name}) {{ return {again}; }} {name} = f{name}({name}); "),
                4 => format!("while (true) {{ try {{ {name} = {again}; }} finally {{ break; }} }} "),
                5 => format!("switch ({name}) {{ case null: break; default: {name} = {again}; break; }} "),
                _ => String::new(),
            });
        }
        let result = self.call(3);
        out.push_str(&format!("return {result}; }}"));
        out
    }
}
