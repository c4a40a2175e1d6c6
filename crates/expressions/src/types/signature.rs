//! Reads the C#-like signature texts of the library's tables, such as `TSource First<TSource>(this IEnumerable<TSource>
//! source, Func<TSource, bool> predicate)`. Input is the program's own text only; a test proves that all of it reads.

use std::sync::Arc;

use super::registry::{Default, Parameter, PassBy};
use super::{DefId, TupleType, Type, known};
use crate::value::{Const, Str};

/// Finds definitions by name, also while the registry is being built.
pub(super) trait Names {
    /// By simple name or full name and number of type arguments.
    fn find(&self, name: &str, arity: usize) -> Option<DefId>;
    /// The value of an enumeration's member.
    fn enum_value(&self, def: DefId, member: &str) -> Option<i64>;
}

/// A signature taken apart.
#[derive(Debug)]
pub(super) struct Signature {
    pub result: Type,
    pub name: String,
    pub generics: Vec<String>,
    pub parameters: Vec<Parameter>,
}

/// Reader of one signature text.
pub(super) struct Reader<'a> {
    rest: &'a str,
    names: &'a dyn Names,
    class: &'a [String],
    method: Vec<String>,
}

type Outcome<T> = Result<T, String>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, names: &'a dyn Names, class: &'a [String]) -> Self {
        Self {
            rest: text.trim(),
            names,
            class,
            method: Vec::new(),
        }
    }

    /// `Result Name<A, B>(parameters)`, `Result Name`, `Result this[parameters]`, `Result operator +(parameters)`,
    /// `(parameters)` or `Result (parameters)`.
    pub(super) fn signature(mut self) -> Outcome<Signature> {
        // Generic parameter names must be known before the result type is read: they stand after the name.
        self.method = generic_names(self.rest);
        let result = if self.rest.starts_with('(') && !self.is_tuple_ahead() {
            Type::Void
        } else {
            self.ty()?
        };
        let mut name = String::new();
        if self.eat("operator ") {
            let end = self.rest.find('(').ok_or("operator without parameters")?;
            let (op, rest) = self.rest.split_at(end);
            name = op.trim().to_owned();
            self.rest = rest;
        } else if self
            .rest
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
        {
            name = self.word().to_owned();
            if self.eat("<") {
                while !self.eat(">") {
                    self.word();
                    self.eat(",");
                    if self.rest.is_empty() {
                        return Err("unclosed type parameter list".into());
                    }
                }
            }
        }
        let close = if self.eat("(") {
            ")"
        } else if self.eat("[") {
            "]"
        } else {
            ""
        };
        let mut parameters = Vec::new();
        if !close.is_empty() {
            while !self.eat(close) {
                parameters.push(self.parameter()?);
                self.eat(",");
                if self.rest.is_empty() {
                    return Err("unclosed parameter list".into());
                }
            }
        }
        if !self.rest.is_empty() {
            return Err(format!("unexpected `{}`", self.rest));
        }
        Ok(Signature {
            result,
            name,
            generics: self.method,
            parameters,
        })
    }

    /// A type and nothing else.
    pub(super) fn only_type(mut self) -> Outcome<Type> {
        let ty = self.ty()?;
        if self.rest.is_empty() {
            Ok(ty)
        } else {
            Err(format!("unexpected `{}`", self.rest))
        }
    }

    fn is_tuple_ahead(&self) -> bool {
        // A result type that is a tuple is followed by a name.
        let mut depth = 0_usize;
        for (i, c) in self.rest.char_indices() {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        let after = self.rest.get(i + 1..).unwrap_or_default().trim_start();
                        return after.starts_with(char::is_alphabetic);
                    }
                }
                _ => {}
            }
        }
        false
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                self.skip();
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.skip();
        word
    }

    fn parameter(&mut self) -> Outcome<Parameter> {
        let pass = if self.eat("params ") {
            PassBy::Params
        } else if self.eat("out ") {
            PassBy::Out
        } else if self.eat("ref ") {
            PassBy::Ref
        } else {
            self.eat("this ");
            PassBy::Value
        };
        let ty = self.ty()?;
        let name = self.word().to_owned();
        let default = if self.eat("=") {
            Some(self.default(&ty)?)
        } else {
            None
        };
        Ok(Parameter {
            name: name.into(),
            ty,
            pass,
            default,
        })
    }

    fn default(&mut self, ty: &Type) -> Outcome<Default> {
        if let Some(rest) = self.rest.strip_prefix('"') {
            let (text, rest) = rest.split_once('"').ok_or("unclosed string")?;
            self.rest = rest;
            self.skip();
            return Ok(Default::Const(Const::Str(Str::from(text))));
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            let (text, rest) = rest.split_once('\'').ok_or("unclosed char")?;
            self.rest = rest;
            self.skip();
            let unit = text.encode_utf16().next().unwrap_or(0);
            return Ok(Default::Const(Const::Char(unit)));
        }
        let negative = self.eat("-");
        let word = self.word();
        if let Ok(number) = word.parse::<i64>() {
            let number = if negative { -number } else { number };
            return Ok(Default::Const(match ty {
                Type::Named(known::INT64, _) => Const::Int64(number),
                Type::Named(known::DOUBLE, _) => Const::Double(number as f64),
                _ => Const::Int32(i32::try_from(number).map_err(|e| e.to_string())?),
            }));
        }
        match word {
            "null" => Ok(Default::Const(Const::Null)),
            "default" => Ok(Default::OfType),
            "true" => Ok(Default::Const(Const::Bool(true))),
            "false" => Ok(Default::Const(Const::Bool(false))),
            _ => {
                let (owner, member) = word.rsplit_once('.').ok_or(format!("default `{word}`"))?;
                let def = self
                    .names
                    .find(owner, 0)
                    .ok_or(format!("unknown type `{owner}`"))?;
                let value = self
                    .names
                    .enum_value(def, member)
                    .ok_or(format!("unknown enum member `{word}`"))?;
                Ok(Default::Const(Const::Enum(def, value)))
            }
        }
    }

    fn ty(&mut self) -> Outcome<Type> {
        let mut ty = if self.eat("(") {
            let mut elements = Vec::new();
            let mut names = Vec::new();
            while !self.eat(")") {
                elements.push(self.ty()?);
                names.push(if self.rest.starts_with(char::is_alphabetic) {
                    Some(Arc::from(self.word()))
                } else {
                    None
                });
                self.eat(",");
                if self.rest.is_empty() {
                    return Err("unclosed tuple".into());
                }
            }
            Type::Tuple(Arc::new(TupleType { elements, names }))
        } else {
            let name = self.word();
            if name.is_empty() {
                return Err(format!("expected a type at `{}`", self.rest));
            }
            let mut args = Vec::new();
            if self.eat("<") {
                while !self.eat(">") {
                    args.push(self.ty()?);
                    self.eat(",");
                    if self.rest.is_empty() {
                        return Err("unclosed type argument list".into());
                    }
                }
            }
            self.named(name, args)?
        };
        loop {
            if self.eat("?") {
                // `T?` of a reference type is the type itself: C# 7.3 knows no nullable references.
                ty = Type::nullable(ty);
            } else if self.eat("[]") {
                ty = Type::array(ty);
            } else if self.eat("[,]") {
                ty = Type::Array(Arc::new(ty), 2);
            } else {
                return Ok(ty);
            }
        }
    }

    fn named(&self, name: &str, args: Vec<Type>) -> Outcome<Type> {
        if args.is_empty() {
            if let Some(i) = self.method.iter().position(|p| p == name) {
                return Ok(Type::MethodParam(u8::try_from(i).unwrap_or(u8::MAX)));
            }
            if let Some(i) = self.class.iter().position(|p| p == name) {
                return Ok(Type::ClassParam(u8::try_from(i).unwrap_or(u8::MAX)));
            }
            if let Some(def) = keyword(name) {
                return Ok(Type::Named(def, None));
            }
            match name {
                "void" => return Ok(Type::Void),
                "dynamic" => return Ok(Type::Dynamic),
                _ => {}
            }
        }
        let def = self
            .names
            .find(name, args.len())
            .ok_or_else(|| format!("unknown type `{name}` with {} type arguments", args.len()))?;
        Ok(if args.is_empty() {
            Type::Named(def, None)
        } else {
            Type::generic(def, args)
        })
    }
}

/// The name of an extension method, without reading its types.
pub(super) fn name_of(extension: &str) -> &str {
    let head = extension.split("(this ").next().unwrap_or(extension);
    let head = match head
        .strip_suffix('>')
        .and_then(|generic| generic.rsplit_once('<'))
    {
        Some((plain, _)) => plain,
        None => head,
    };
    head.rsplit(' ').next().unwrap_or(head)
}

/// The definition that a C# keyword (`int`, `string`, …) names.
#[must_use]
pub fn keyword(word: &str) -> Option<DefId> {
    Some(match word {
        "object" => known::OBJECT,
        "string" => known::STRING,
        "bool" => known::BOOLEAN,
        "char" => known::CHAR,
        "sbyte" => known::SBYTE,
        "byte" => known::BYTE,
        "short" => known::INT16,
        "ushort" => known::UINT16,
        "int" => known::INT32,
        "uint" => known::UINT32,
        "long" => known::INT64,
        "ulong" => known::UINT64,
        "float" => known::SINGLE,
        "double" => known::DOUBLE,
        "decimal" => known::DECIMAL,
        _ => return None,
    })
}

/// The keyword for a definition, the reverse of [`keyword`].
#[must_use]
pub fn keyword_of(def: DefId) -> Option<&'static str> {
    [
        "object", "string", "bool", "char", "sbyte", "byte", "short", "ushort", "int", "uint",
        "long", "ulong", "float", "double", "decimal",
    ]
    .into_iter()
    .find(|word| keyword(word) == Some(def))
}

/// The names between `Name<` and `>(` of a generic method's text.
fn generic_names(text: &str) -> Vec<String> {
    // The parameter list is the last group of parentheses: the result type may have some, too.
    let mut depth = 0_usize;
    let open = text.char_indices().rev().find(|(_, c)| {
        match c {
            ')' => depth += 1,
            '(' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == '(' && depth == 0
    });
    let Some((open, _)) = open else {
        return Vec::new();
    };
    let head = text.get(..open).unwrap_or_default().trim_end();
    let Some(head) = head.strip_suffix('>') else {
        return Vec::new();
    };
    let mut depth = 1_usize;
    for (i, c) in head.char_indices().rev() {
        match c {
            '>' => depth += 1,
            '<' => {
                depth -= 1;
                if depth == 0 {
                    return head
                        .get(i + 1..)
                        .unwrap_or_default()
                        .split(',')
                        .map(|name| name.trim().to_owned())
                        .collect();
                }
            }
            _ => {}
        }
    }
    Vec::new()
}
