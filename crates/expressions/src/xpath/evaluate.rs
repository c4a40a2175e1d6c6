//! Evaluation: an expression at a node gives a value.

use std::collections::HashMap;

use super::ast::{Arithmetic, Axis, Comparison, Expr, Start, Step, Test};
use super::value::{Node, Value};
use super::{Budget, Namespaces, axes, error, functions};
use crate::runtime::R;
use crate::value::Str;
use crate::xml::{NodeKind, XNode};

/// The node an expression is evaluated at, and its place among those it was found with.
pub(super) struct Context {
    pub(super) node: Node,
    pub(super) position: usize,
    pub(super) size: usize,
}

pub(super) struct Evaluation<'a> {
    namespaces: Option<&'a dyn Namespaces>,
    budget: &'a mut dyn Budget,
    /// Places in document order, made when nodes of several places come together.
    order: Option<HashMap<usize, u32>>,
    root: XNode,
}

pub(super) fn run(
    root: &Expr,
    at: &XNode,
    namespaces: Option<&dyn Namespaces>,
    budget: &mut dyn Budget,
) -> R<Value> {
    let mut evaluation = Evaluation {
        namespaces,
        budget,
        order: None,
        root: at.root(),
    };
    let context = Context {
        node: Node::from(at.clone()),
        position: 1,
        size: 1,
    };
    evaluation.value(root, &context)
}

/// A step's test with its prefix resolved.
enum Wanted<'t> {
    Kind(&'t Test),
    /// Namespace and, unless any will do, local name.
    Name(Str, Option<&'t str>),
}

impl Evaluation<'_> {
    pub(super) fn pay(&mut self, steps: usize) -> R<()> {
        self.budget
            .pay((steps as u64).saturating_add(crate::forest::take_work()))
    }

    pub(super) fn value(&mut self, expr: &Expr, context: &Context) -> R<Value> {
        self.pay(1)?;
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || self.value_of(expr, context))
    }

    fn value_of(&mut self, expr: &Expr, context: &Context) -> R<Value> {
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Or(left, right) => Value::Bool(
                self.value(left, context)?.truth() || self.value(right, context)?.truth(),
            ),
            Expr::And(left, right) => Value::Bool(
                self.value(left, context)?.truth() && self.value(right, context)?.truth(),
            ),
            Expr::Compare(comparison, left, right) => {
                let (left, right) = (self.value(left, context)?, self.value(right, context)?);
                Value::Bool(self.compare(*comparison, &left, &right)?)
            }
            Expr::Arithmetic(operator, left, right) => {
                let left = self.value(left, context)?.number();
                let right = self.value(right, context)?.number();
                Value::Number(match operator {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                    Arithmetic::Modulo => left % right,
                })
            }
            Expr::Negate(operand) => Value::Number(-self.value(operand, context)?.number()),
            Expr::Union(left, right) => {
                let mut nodes = self.nodes(left, context)?;
                nodes.extend(self.nodes(right, context)?);
                Value::Nodes(self.in_order(nodes)?)
            }
            Expr::Call(function, arguments) => {
                functions::call(self, *function, arguments, context)?
            }
            Expr::Undefined {
                name,
                prefixed,
                variable,
            } => return Err(self.undefined(name, *prefixed, *variable)),
            Expr::Path { start, steps } => Value::Nodes(self.path(start, steps, context)?),
        })
    }

    fn undefined(&self, name: &str, prefixed: bool, variable: bool) -> crate::runtime::Fault {
        let Some(namespaces) = self.namespaces else {
            return error(NO_CONTEXT);
        };
        let unknown_prefix = prefixed
            .then(|| name.split(':').next().unwrap_or_default())
            .filter(|prefix| matches!(namespaces.lookup(prefix), Ok(None)));
        match unknown_prefix {
            Some(prefix) => error(format!("Namespace prefix '{prefix}' is not defined.")),
            None if variable => {
                error("XsltContext is needed for this query because of an unknown function.")
            }
            None => error("XsltContext is needed for this query because of an unknown function."),
        }
    }

    pub(super) fn nodes(&mut self, expr: &Expr, context: &Context) -> R<Vec<Node>> {
        match self.value(expr, context)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(error("Expression must evaluate to a node-set.")),
        }
    }

    fn path(&mut self, start: &Start, steps: &[Step], context: &Context) -> R<Vec<Node>> {
        let mut nodes = match start {
            Start::Here => vec![context.node.clone()],
            Start::Root => vec![Node::from(self.root.clone())],
            Start::Filter(primary, predicates) => {
                let mut nodes = self.nodes(primary, context)?;
                for predicate in predicates {
                    nodes = self.filter(nodes, predicate)?;
                }
                nodes
            }
        };
        for step in steps {
            nodes = self.step(nodes, step)?;
        }
        Ok(nodes)
    }

    fn step(&mut self, from: Vec<Node>, step: &Step) -> R<Vec<Node>> {
        let wanted = self.wanted(&step.test)?;
        let several = from.len() > 1;
        let reverse = matches!(
            step.axis,
            Axis::Ancestor | Axis::AncestorOrSelf | Axis::Preceding | Axis::PrecedingSibling
        );
        let mut all = Vec::new();
        for node in from {
            let mut found = axes::along(step.axis, &node);
            self.pay(1 + found.len())?;
            found.retain(|node| fits(node, step.axis, &wanted));
            for predicate in &step.predicates {
                found = self.filter(found, predicate)?;
            }
            if reverse && !several {
                found.reverse();
            }
            all.extend(found);
        }
        // One node's axis is in order already, and so are children of nodes that do not lie in each other.
        if several { self.in_order(all) } else { Ok(all) }
    }

    fn wanted<'t>(&self, test: &'t Test) -> R<Wanted<'t>> {
        let namespace = |prefix: &str| match self.namespaces {
            None => Err(error(NO_CONTEXT)),
            Some(namespaces) => namespaces
                .lookup(prefix)?
                .ok_or_else(|| error(format!("Namespace prefix '{prefix}' is not defined."))),
        };
        Ok(match test {
            Test::Name(prefix, local) if prefix.is_empty() => Wanted::Name(Str::EMPTY, Some(local)),
            Test::Name(prefix, local) => Wanted::Name(namespace(prefix)?, Some(local)),
            Test::Namespace(prefix) => Wanted::Name(namespace(prefix)?, None),
            other => Wanted::Kind(other),
        })
    }

    /// Nodes for which a predicate holds; a number asks for the place.
    fn filter(&mut self, nodes: Vec<Node>, predicate: &Expr) -> R<Vec<Node>> {
        let size = nodes.len();
        let mut kept = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            let context = Context {
                node,
                position: at + 1,
                size,
            };
            let holds = match self.value(predicate, &context)? {
                Value::Number(number) => number == context.position as f64,
                other => other.truth(),
            };
            if holds {
                kept.push(context.node);
            }
        }
        Ok(kept)
    }

    /// Nodes in document order, each once.
    fn in_order(&mut self, nodes: Vec<Node>) -> R<Vec<Node>> {
        if nodes.len() < 2 {
            return Ok(nodes);
        }
        if self.order.is_none() {
            let mut order = HashMap::new();
            let mut next = 0_u32;
            for node in self.root.descendants(true) {
                order.insert(node.identity(), next);
                next = next.saturating_add(1);
                for attribute in node.attributes() {
                    order.insert(attribute.identity(), next);
                    next = next.saturating_add(1);
                }
            }
            self.pay(order.len())?;
            self.order = Some(order);
        }
        let order = self.order.as_ref();
        let place = |node: &XNode| order.and_then(|order| order.get(&node.identity())).copied();
        let mut keyed: Vec<_> = nodes
            .into_iter()
            .map(|node| {
                // A namespace lies right behind its element.
                let key = match &node.namespace_of {
                    Some(element) => (place(element), true, node.node.name().map(|n| n.local)),
                    None => (place(&node.node), false, None),
                };
                (key, node)
            })
            .collect();
        keyed.sort_by(|(a, _), (b, _)| {
            let text = |name: &Option<Str>| name.as_ref().map(|name| name.to_utf8().into_owned());
            (a.0, a.1, text(&a.2)).cmp(&(b.0, b.1, text(&b.2)))
        });
        keyed.dedup_by(|(a, x), (b, y)| match (a.1, b.1) {
            (true, true) => a == b,
            (false, false) => x.node.same(&y.node),
            _ => false,
        });
        self.pay(keyed.len())?;
        Ok(keyed.into_iter().map(|(_, node)| node).collect())
    }

    /// `=`, `<` and the others: of nodes, whether any node fits.
    fn compare(&mut self, comparison: Comparison, left: &Value, right: &Value) -> R<bool> {
        use Value::{Bool, Nodes};
        match (left, right) {
            (Nodes(left), Nodes(right)) => {
                let texts: Vec<String> = right.iter().map(Node::text).collect();
                for node in left {
                    self.pay(1 + texts.len())?;
                    let text = Value::Text(node.text());
                    let any = texts
                        .iter()
                        .any(|other| simple(comparison, &text, &Value::Text(other.clone())));
                    if any {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Nodes(_), Bool(_)) => Ok(simple(comparison, &Bool(left.truth()), right)),
            (Bool(_), Nodes(_)) => Ok(simple(comparison, left, &Bool(right.truth()))),
            (Nodes(nodes), other) => {
                self.pay(nodes.len())?;
                let fits = |node: &Node| simple(comparison, &Value::Text(node.text()), other);
                Ok(nodes.iter().any(fits))
            }
            (other, Nodes(nodes)) => {
                self.pay(nodes.len())?;
                let fits = |node: &Node| simple(comparison, other, &Value::Text(node.text()));
                Ok(nodes.iter().any(fits))
            }
            (left, right) => Ok(simple(comparison, left, right)),
        }
    }
}

const NO_CONTEXT: &str = "Namespace Manager or XsltContext needed. This query has a prefix, variable, or user-defined function.";

/// Comparison of two values that are no nodes.
fn simple(comparison: Comparison, left: &Value, right: &Value) -> bool {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let (a, b) = (left.number(), right.number());
    match comparison {
        Less => a < b,
        LessOrEqual => a <= b,
        Greater => a > b,
        GreaterOrEqual => a >= b,
        Equal | NotEqual => {
            let equal = match (left, right) {
                (Value::Bool(_), _) | (_, Value::Bool(_)) => left.truth() == right.truth(),
                (Value::Number(_), _) | (_, Value::Number(_)) => {
                    return if comparison == Equal { a == b } else { a != b };
                }
                _ => left.text() == right.text(),
            };
            equal == (comparison == Equal)
        }
    }
}

fn fits(node: &Node, axis: Axis, wanted: &Wanted<'_>) -> bool {
    let kind = node.kind();
    let principal = match axis {
        Axis::Attribute => kind == NodeKind::Attribute && node.namespace_of.is_none(),
        Axis::Namespace => node.namespace_of.is_some(),
        _ => kind == NodeKind::Element,
    };
    match wanted {
        Wanted::Name(namespace, local) => {
            principal
                && if node.namespace_of.is_some() {
                    let prefix = functions::prefix_of(node);
                    namespace.is_empty() && local.is_none_or(|local| prefix == *local)
                } else {
                    node.node.name().is_some_and(|name| {
                        name.namespace == *namespace
                            && local.is_none_or(|local| name.local == *local)
                    })
                }
        }
        Wanted::Kind(Test::Node) => true,
        Wanted::Kind(Test::Text) => node.is_text(),
        Wanted::Kind(Test::Comment) => kind == NodeKind::Comment,
        Wanted::Kind(Test::Instruction(target)) => {
            kind == NodeKind::Instruction
                && target.as_ref().is_none_or(|target| {
                    node.node
                        .target()
                        .is_some_and(|found| found == *target.as_str())
                })
        }
        Wanted::Kind(_) => principal,
    }
}
