//! Tuples, anonymous objects, arrays.

use std::sync::Arc;

use super::Binder;
use super::overload::{best_common, converts};
use super::tree::{Expr, Kind};
use crate::diagnostic::Span;
use crate::syntax::ast::{self, ExprKind};
use crate::types::relations;
use crate::types::{TupleType, Type};
use crate::value::Const;

impl Binder {
    pub(super) fn tuple(
        &mut self,
        elements: &[(Option<ast::Ident>, ast::Expr)],
        span: Span,
    ) -> Expr {
        let mut types = Vec::new();
        let mut names = Vec::new();
        let mut items = Vec::new();
        for (name, element) in elements {
            let value = self.value(element);
            if value.is_null() || value.ty == Type::Void {
                self.diagnostics.error(
                    "CS8131",
                    element.span,
                    "The tuple element needs a type; cast it",
                );
            }
            names.push(match name {
                Some(name) => Some(name.name.clone()),
                None => inferred_name(element),
            });
            types.push(value.ty.clone());
            items.push(value);
        }
        let ty = Type::Tuple(Arc::new(TupleType {
            elements: types,
            names,
        }));
        Expr::new(Kind::NewRecord(ty.clone(), items), ty, span)
    }

    pub(super) fn anonymous(
        &mut self,
        fields: &[(Option<ast::Ident>, ast::Expr)],
        span: Span,
    ) -> Expr {
        let mut types: Vec<(Arc<str>, Type)> = Vec::new();
        let mut items = Vec::new();
        for (name, element) in fields {
            let value = self.value(element);
            if value.is_null() || value.ty == Type::Void {
                self.diagnostics.error(
                    "CS0828",
                    element.span,
                    format!("Cannot assign '{}' to anonymous type property", value.ty),
                );
            }
            let name = match name {
                Some(name) => Some(name.name.clone()),
                None => inferred_name(element),
            };
            let Some(name) = name else {
                self.diagnostics.error_with_help(
                    "CS0746",
                    element.span,
                    "Invalid anonymous type member declarator",
                    Some("give the member a name: `Name = …`".into()),
                );
                continue;
            };
            if types.iter().any(|(n, _)| *n == name) {
                self.diagnostics.error(
                    "CS0833",
                    element.span,
                    format!("An anonymous type cannot have multiple properties with the same name: '{name}'"),
                );
            }
            types.push((name, value.ty.clone()));
            items.push(value);
        }
        let ty = Type::Anonymous(types.into());
        Expr::new(Kind::NewRecord(ty.clone(), items), ty, span)
    }

    pub(super) fn new_array(
        &mut self,
        element: Option<&ast::TypeSyntax>,
        sizes: &[ast::Expr],
        rank: u8,
        init: Option<&[ast::Expr]>,
        span: Span,
    ) -> Expr {
        if rank > 2 {
            self.diagnostics.error(
                "TG0103",
                span,
                "Arrays of more than two dimensions are not supported",
            );
            return Expr::error(span);
        }
        let Some(element) = element else {
            let init = init.unwrap_or_default();
            return if rank == 2 {
                self.implicit_grid(init, span)
            } else {
                self.implicit_array(init, span)
            };
        };
        let element = self.ty(element);
        if element == Type::Error {
            return Expr::error(span);
        }
        if let Some(items) = init {
            return if rank == 2 {
                self.grid_literal(&element, items, span)
            } else {
                if let [size] = sizes {
                    let size = self.value_as(size, &Type::INT32);
                    if let Some(Const::Int32(n)) = size.constant()
                        && usize::try_from(*n) != Ok(items.len())
                    {
                        self.diagnostics.error(
                            "CS0847",
                            span,
                            format!("An array initializer of length '{n}' is expected"),
                        );
                    }
                }
                self.array_literal(&element, items, span)
            };
        }
        let mut bound = Vec::new();
        for size in sizes {
            let value = self.value(size);
            let value = if relations::standard_implicit(&value.ty, &Type::INT32).is_some() {
                self.convert(value, &Type::INT32)
            } else if relations::standard_implicit(&value.ty, &Type::INT64).is_some() {
                let wide = self.convert(value, &Type::INT64);
                self.in_checked(true, |b| b.cast(wide, &Type::INT32, size.span))
            } else {
                self.convert(value, &Type::INT32)
            };
            if let Some(Const::Int32(n)) = value.constant()
                && *n < 0
            {
                self.diagnostics.error(
                    "CS0248",
                    size.span,
                    "Cannot create an array with a negative size",
                );
            }
            bound.push(value);
        }
        let ty = Type::Array(Arc::new(element.clone()), rank);
        Expr::new(Kind::NewArray(element, bound), ty, span)
    }

    pub(super) fn implicit_array(&mut self, items: &[ast::Expr], span: Span) -> Expr {
        let values: Vec<Expr> = items.iter().map(|item| self.value(item)).collect();
        let Some(element) = self.best_element(&values, span) else {
            return Expr::error(span);
        };
        let items = values
            .into_iter()
            .map(|v| self.convert(v, &element))
            .collect();
        let ty = Type::array(element.clone());
        Expr::new(Kind::ArrayLiteral(element, items), ty, span)
    }

    /// `new[,] { … }`
    fn implicit_grid(&mut self, rows: &[ast::Expr], span: Span) -> Expr {
        let (cells, _) = self.trial(|b| {
            let cells = rows.iter().flat_map(|row| match &*row.kind {
                ExprKind::ArrayInit(cells) => cells.as_slice(),
                _ => &[],
            });
            cells.map(|cell| b.value(cell)).collect::<Vec<Expr>>()
        });
        // What is wrong with a cell is said when it is bound to stay.
        let element = match cells.iter().any(|cell| cell.ty == Type::Error) {
            true => Type::OBJECT,
            false => match self.best_element(&cells, span) {
                Some(element) => element,
                None => return Expr::error(span),
            },
        };
        self.grid_literal(&element, rows, span)
    }

    /// The element type of an array that names none.
    fn best_element(&mut self, values: &[Expr], span: Span) -> Option<Type> {
        if values.iter().any(|v| v.ty == Type::Error) {
            return None;
        }
        let types: Vec<Type> = values.iter().map(|v| v.ty.clone()).collect();
        let mut best = best_common(&types);
        if best.is_none() {
            // Constants that fit a narrower type beside values of that type.
            best = types
                .iter()
                .find(|t| values.iter().all(|v| converts(&v.ty, v.constant(), t)))
                .cloned();
        }
        let best = best.filter(|t| !matches!(t, Type::Null | Type::Void));
        if best.is_none() {
            let message = "No best type found for implicitly-typed array";
            self.diagnostics.error("CS0826", span, message);
        }
        best
    }

    pub(super) fn array_literal(
        &mut self,
        element: &Type,
        items: &[ast::Expr],
        span: Span,
    ) -> Expr {
        let items = items
            .iter()
            .map(|item| self.value_as(item, element))
            .collect();
        let ty = Type::array(element.clone());
        Expr::new(Kind::ArrayLiteral(element.clone(), items), ty, span)
    }

    pub(super) fn grid_literal(&mut self, element: &Type, rows: &[ast::Expr], span: Span) -> Expr {
        let mut grid: Vec<Vec<Expr>> = Vec::new();
        for row in rows {
            let ExprKind::ArrayInit(items) = &*row.kind else {
                self.diagnostics.error(
                    "CS0846",
                    row.span,
                    "A nested array initializer is expected",
                );
                continue;
            };
            grid.push(
                items
                    .iter()
                    .map(|item| self.value_as(item, element))
                    .collect(),
            );
        }
        let width = grid.first().map_or(0, Vec::len);
        if grid.iter().any(|row| row.len() != width) {
            self.diagnostics.error(
                "CS0847",
                span,
                format!("An array initializer of length '{width}' is expected"),
            );
        }
        let ty = Type::Array(Arc::new(element.clone()), 2);
        Expr::new(Kind::GridLiteral(element.clone(), grid), ty, span)
    }
}

/// The name a tuple element or anonymous property takes from its expression.
fn inferred_name(expr: &ast::Expr) -> Option<Arc<str>> {
    match &*expr.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) if name.args.is_empty() => {
            Some(name.ident.name.clone())
        }
        ExprKind::ConditionalAccess(_, rest) => inferred_name(rest),
        _ => None,
    }
}
