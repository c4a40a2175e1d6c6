//! The functions of XPath 1.0. Lengths and places in texts count UTF-16 units, as in .NET.

use super::ast::{Expr, Function};
use super::evaluate::{Context, Evaluation};
use super::value::{Node, Value, number_of};
use crate::runtime::R;
use crate::xml::NodeKind;

/// Calls a function; the number of arguments was checked when the expression was read.
pub(super) fn call(
    run: &mut Evaluation<'_>,
    function: Function,
    arguments: &[Expr],
    context: &Context,
) -> R<Value> {
    use Function as F;
    Ok(match function {
        F::Last => Value::Number(context.size as f64),
        F::Position => Value::Number(context.position as f64),
        F::True => Value::Bool(true),
        F::False => Value::Bool(false),
        F::Count => Value::Number(nodes(run, arguments, context)?.len() as f64),
        F::Sum => {
            let nodes = nodes(run, arguments, context)?;
            Value::Number(nodes.iter().map(|node| number_of(&node.text())).sum())
        }
        // Without a document type no attribute is an identifier.
        F::Id => {
            run.value(&arguments[0], context)?;
            Value::Nodes(Vec::new())
        }
        F::LocalName | F::NamespaceUri | F::Name => {
            let node = match arguments {
                [] => Some(context.node.clone()),
                _ => nodes(run, arguments, context)?.into_iter().next(),
            };
            Value::Text(node.map(|node| name(function, &node)).unwrap_or_default())
        }
        F::Boolean => Value::Bool(run.value(&arguments[0], context)?.truth()),
        F::Not => Value::Bool(!run.value(&arguments[0], context)?.truth()),
        F::Number => Value::Number(own(run, arguments, context)?.number()),
        F::Floor => Value::Number(run.value(&arguments[0], context)?.number().floor()),
        F::Ceiling => Value::Number(run.value(&arguments[0], context)?.number().ceil()),
        F::Round => {
            let number = run.value(&arguments[0], context)?.number();
            // Halves go up; a number without fraction stays what it is, however large.
            let down = number.floor();
            Value::Number(if number - down < 0.5 {
                down
            } else {
                number.ceil()
            })
        }
        F::Lang => {
            let wanted = text(run, arguments, 0, context)?;
            Value::Bool(speaks(&context.node, &wanted))
        }
        _ => text_function(run, function, arguments, context)?,
    })
}

fn text_function(
    run: &mut Evaluation<'_>,
    function: Function,
    arguments: &[Expr],
    context: &Context,
) -> R<Value> {
    use Function as F;
    Ok(Value::Text(match function {
        F::String => own(run, arguments, context)?.text(),
        F::Concat => {
            let mut all = String::new();
            for at in 0..arguments.len() {
                all.push_str(&text(run, arguments, at, context)?);
            }
            all
        }
        F::StartsWith => {
            let (text, part) = two(run, arguments, context)?;
            return Ok(Value::Bool(text.starts_with(&part)));
        }
        F::Contains => {
            let (text, part) = two(run, arguments, context)?;
            return Ok(Value::Bool(text.contains(&part)));
        }
        F::SubstringBefore => {
            let (text, part) = two(run, arguments, context)?;
            text.split_once(part.as_str())
                .map(|(before, _)| before.to_owned())
                .unwrap_or_default()
        }
        F::SubstringAfter => {
            let (text, part) = two(run, arguments, context)?;
            text.split_once(part.as_str())
                .map(|(_, after)| after.to_owned())
                .unwrap_or_default()
        }
        F::Substring => {
            let whole = text(run, arguments, 0, context)?;
            let start = round(run.value(&arguments[1], context)?.number());
            let end = match arguments.get(2) {
                Some(length) => start + round(run.value(length, context)?.number()),
                None => f64::INFINITY,
            };
            let units: Vec<u16> = whole
                .encode_utf16()
                .enumerate()
                .filter(|(at, _)| {
                    let place = (at + 1) as f64;
                    place >= start && place < end
                })
                .map(|(_, unit)| unit)
                .collect();
            String::from_utf16_lossy(&units)
        }
        F::StringLength => {
            let text = own(run, arguments, context)?.text();
            return Ok(Value::Number(text.encode_utf16().count() as f64));
        }
        F::NormalizeSpace => {
            let text = own(run, arguments, context)?.text();
            let words = text.split([' ', '\t', '\r', '\n']);
            let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            words.join(" ")
        }
        F::Translate => {
            let whole = text(run, arguments, 0, context)?;
            let from: Vec<char> = text(run, arguments, 1, context)?.chars().collect();
            let to: Vec<char> = text(run, arguments, 2, context)?.chars().collect();
            run.pay(whole.len().saturating_mul(from.len()) / 64)?;
            whole
                .chars()
                .filter_map(|c| match from.iter().position(|known| *known == c) {
                    Some(at) => to.get(at).copied(),
                    None => Some(c),
                })
                .collect()
        }
        // All others are told apart by `call`.
        _ => String::new(),
    }))
}

fn round(number: f64) -> f64 {
    (number + 0.5).floor()
}

fn nodes(run: &mut Evaluation<'_>, arguments: &[Expr], context: &Context) -> R<Vec<Node>> {
    run.nodes(&arguments[0], context)
}

fn text(run: &mut Evaluation<'_>, arguments: &[Expr], at: usize, context: &Context) -> R<String> {
    let text = run.value(&arguments[at], context)?.text();
    run.pay(text.len() / 64)?;
    Ok(text)
}

fn two(run: &mut Evaluation<'_>, arguments: &[Expr], context: &Context) -> R<(String, String)> {
    Ok((
        text(run, arguments, 0, context)?,
        text(run, arguments, 1, context)?,
    ))
}

/// The argument, or the context node where there is none.
fn own(run: &mut Evaluation<'_>, arguments: &[Expr], context: &Context) -> R<Value> {
    let value = match arguments.first() {
        Some(argument) => run.value(argument, context)?,
        None => Value::Text(context.node.text()),
    };
    run.pay(0)?;
    Ok(value)
}

/// The prefix that a namespace node stands for; empty for the default namespace.
pub(super) fn prefix_of(node: &Node) -> String {
    match node.node.name() {
        Some(name) if !name.namespace.is_empty() => name.local.to_string(),
        _ => String::new(),
    }
}

fn name(function: Function, node: &Node) -> String {
    if node.namespace_of.is_some() {
        return match function {
            Function::NamespaceUri => String::new(),
            _ => prefix_of(node),
        };
    }
    if node.kind() == NodeKind::Instruction {
        return match function {
            Function::NamespaceUri => String::new(),
            _ => node
                .node
                .target()
                .map(|t| t.to_string())
                .unwrap_or_default(),
        };
    }
    let Some(name) = node.node.name() else {
        return String::new();
    };
    match function {
        Function::LocalName => name.local.to_string(),
        Function::NamespaceUri => name.namespace.to_string(),
        _ => node.node.qualified_name().to_string(),
    }
}

/// `lang(…)`: the nearest `xml:lang` is that language or one of its dialects.
fn speaks(node: &Node, wanted: &str) -> bool {
    let lang = crate::xml::Name {
        local: "lang".into(),
        namespace: crate::xml::XML_NAMESPACE.into(),
    };
    let element = match node.kind() {
        NodeKind::Element => Some(node.node.clone()),
        _ => super::axes::parent(node),
    };
    let found = element
        .into_iter()
        .flat_map(|element| element.ancestors(true))
        .find_map(|element| element.attribute(&lang));
    let Some(found) = found else { return false };
    let (found, wanted) = (
        found.value().to_utf8().to_lowercase(),
        wanted.to_lowercase(),
    );
    found
        .strip_prefix(&wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
