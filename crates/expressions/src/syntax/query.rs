//! Query expressions, rewritten into calls of the LINQ methods as the C# standard says.
//!
//! Where several range variables are in scope, one lambda parameter carries them in the properties of an anonymous
//! object; the binder finds the variables' names through [`LambdaParameter::carried`].

use std::sync::Arc;

use super::ast::{
    Arg, Expr, ExprKind, Ident, Lambda, LambdaBody, LambdaParameter, Name, Pass, TypeSyntax,
};
use super::parser::{Parser, make};
use crate::diagnostic::Span;

/// Each clause after another variable carries all of them on, so that many cost the square of their number.
const MOST_VARIABLES: usize = 100;

/// The range variables in scope.
struct Range {
    variables: Vec<Ident>,
}

impl Parser<'_> {
    /// Whether a query starts here: `from x in` or `from T x in`.
    pub(super) fn is_query(&mut self) -> bool {
        if !self.is_word("from") {
            return false;
        }
        if self.is_ident(1) && self.is_keyword_ahead(2, "in") {
            return true;
        }
        let mark = self.mark();
        self.bump();
        let found = self.try_type().is_some() && self.is_ident(0) && self.is_keyword_ahead(1, "in");
        self.reset(mark);
        found
    }

    pub(super) fn query(&mut self) -> Expr {
        let start = self.current().span;
        let (name, mut source) = self.range_clause();
        let mut range = Range {
            variables: vec![name],
        };
        let mut plain = true;
        loop {
            let at = self.current().span;
            if range.variables.len() > MOST_VARIABLES {
                self.too_complex();
                return source;
            }
            if self.is_word("from") {
                let (name, inner) = self.range_clause();
                let collection = self.over(&range, inner);
                let result = self.widen(&range, &name);
                source = call(source, "SelectMany", vec![collection, result], at);
                range.variables.push(name);
            } else if self.eat_word("let") {
                let name = self.ident();
                self.expect("=");
                let value = self.expression();
                let mut fields = fields_of(&range);
                fields.push((Some(name.clone()), value));
                let object = make(ExprKind::NewAnonymous(fields), name.span);
                let selector = self.over(&range, object);
                source = call(source, "Select", vec![selector], at);
                range.variables.push(name);
            } else if self.eat_word("where") {
                let condition = self.expression();
                let predicate = self.over(&range, condition);
                source = call(source, "Where", vec![predicate], at);
            } else if self.eat_word("join") {
                let ty = if self.is_keyword_ahead(1, "in") {
                    None
                } else {
                    Some(self.ty())
                };
                let name = self.ident();
                self.expect_keyword("in");
                let inner = self.expression();
                let inner = typed(inner, ty);
                self.expect_word("on");
                let outer_key = self.expression();
                self.expect_word("equals");
                let inner_key = self.expression();
                let outer_key = self.over(&range, outer_key);
                let inner_key = lambda(vec![plain_parameter(name.clone())], inner_key);
                let (method, added) = if self.eat_word("into") {
                    ("GroupJoin", self.ident())
                } else {
                    ("Join", name)
                };
                let result = self.widen(&range, &added);
                source = call(
                    source,
                    method,
                    vec![inner, outer_key, inner_key, result],
                    at,
                );
                range.variables.push(added);
            } else if self.eat_word("orderby") {
                let mut first = true;
                loop {
                    let key = self.expression();
                    let descending = self.eat_word("descending");
                    if !descending {
                        self.eat_word("ascending");
                    }
                    let method = match (first, descending) {
                        (true, false) => "OrderBy",
                        (true, true) => "OrderByDescending",
                        (false, false) => "ThenBy",
                        (false, true) => "ThenByDescending",
                    };
                    let selector = self.over(&range, key);
                    source = call(source, method, vec![selector], at);
                    first = false;
                    if !self.eat(",") {
                        break;
                    }
                }
            } else if self.eat_word("select") {
                let value = self.expression();
                // `select x` after other clauses adds nothing.
                if plain || !range.is_identity(&value) {
                    let selector = self.over(&range, value);
                    source = call(source, "Select", vec![selector], at);
                }
                match self.continuation() {
                    Some(name) => range.variables = vec![name],
                    None => break,
                }
            } else if self.eat_word("group") {
                let element = self.expression();
                self.expect_word("by");
                let key = self.expression();
                let key = self.over(&range, key);
                let mut args = vec![key];
                if !range.is_identity(&element) {
                    args.push(self.over(&range, element));
                }
                source = call(source, "GroupBy", args, at);
                match self.continuation() {
                    Some(name) => range.variables = vec![name],
                    None => break,
                }
            } else {
                self.diagnostics.error(
                    "CS0742",
                    at,
                    "A query body must end with a select clause or a group clause",
                );
                break;
            }
            plain = false;
        }
        source.span = start.to(self.last_span());
        source
    }

    /// `from [T] x in e`
    fn range_clause(&mut self) -> (Ident, Expr) {
        self.bump();
        let ty = if self.is_keyword_ahead(1, "in") {
            None
        } else {
            Some(self.ty())
        };
        let name = self.ident();
        self.expect_keyword("in");
        let source = self.expression();
        (name, typed(source, ty))
    }

    fn continuation(&mut self) -> Option<Ident> {
        self.eat_word("into").then(|| self.ident())
    }

    fn expect_word(&mut self, word: &str) {
        if !self.eat_word(word) {
            let span = self.current().span;
            self.diagnostics
                .error("CS1003", span, format!("Syntax error, '{word}' expected"));
        }
    }

    pub(super) fn expect_keyword(&mut self, word: &str) {
        if !self.eat_keyword(word) {
            let span = self.current().span;
            self.diagnostics
                .error("CS1003", span, format!("Syntax error, '{word}' expected"));
        }
    }

    /// A lambda over the range variables.
    fn over(&mut self, range: &Range, body: Expr) -> Expr {
        let parameter = self.parameter(range);
        lambda(vec![parameter], body)
    }

    /// `(range, added) => new { range…, added }`
    fn widen(&mut self, range: &Range, added: &Ident) -> Expr {
        let mut fields = fields_of(range);
        fields.push((Some(added.clone()), name_of(added)));
        let body = make(ExprKind::NewAnonymous(fields), added.span);
        let parameter = self.parameter(range);
        lambda(vec![parameter, plain_parameter(added.clone())], body)
    }

    fn parameter(&mut self, range: &Range) -> LambdaParameter {
        match range.variables.as_slice() {
            [only] => plain_parameter(only.clone()),
            several => {
                self.queries += 1;
                let span = several.first().map_or_else(Span::default, |v| v.span);
                LambdaParameter {
                    ident: Ident {
                        name: format!("<range{}>", self.queries).into(),
                        span,
                    },
                    ty: None,
                    pass: Pass::Value,
                    carried: several
                        .iter()
                        .map(|v| (v.name.clone(), vec![v.name.clone()]))
                        .collect(),
                }
            }
        }
    }
}

impl Range {
    fn is_identity(&self, expr: &Expr) -> bool {
        match (self.variables.as_slice(), &*expr.kind) {
            ([only], ExprKind::Name(name)) => only.name == name.ident.name,
            _ => false,
        }
    }
}

fn fields_of(range: &Range) -> Vec<(Option<Ident>, Expr)> {
    range
        .variables
        .iter()
        .map(|v| (Some(v.clone()), name_of(v)))
        .collect()
}

fn name_of(ident: &Ident) -> Expr {
    make(
        ExprKind::Name(Name {
            ident: ident.clone(),
            args: Vec::new(),
        }),
        ident.span,
    )
}

fn plain_parameter(ident: Ident) -> LambdaParameter {
    LambdaParameter {
        ident,
        ty: None,
        pass: Pass::Value,
        carried: Vec::new(),
    }
}

fn lambda(parameters: Vec<LambdaParameter>, body: Expr) -> Expr {
    let span = body.span;
    make(
        ExprKind::Lambda(Lambda {
            parameters: Some(parameters),
            body: Arc::new(LambdaBody::Expression(body)),
        }),
        span,
    )
}

/// `source.method(args)`
fn call(source: Expr, method: &str, args: Vec<Expr>, at: Span) -> Expr {
    call_generic(source, method, Vec::new(), args, at)
}

fn call_generic(
    source: Expr,
    method: &str,
    types: Vec<TypeSyntax>,
    args: Vec<Expr>,
    at: Span,
) -> Expr {
    let span = source.span.to(at);
    let name = Name {
        ident: Ident {
            name: method.into(),
            span: at,
        },
        args: types,
    };
    let args = args
        .into_iter()
        .map(|value| Arg {
            name: None,
            pass: Pass::Value,
            value,
        })
        .collect();
    make(
        ExprKind::Call(make(ExprKind::Member(source, name), span), args),
        span,
    )
}

/// A range variable's declared type casts the elements.
fn typed(source: Expr, ty: Option<TypeSyntax>) -> Expr {
    match ty {
        Some(ty) => {
            let at = ty.span;
            call_generic(source, "Cast", vec![ty], Vec::new(), at)
        }
        None => source,
    }
}
