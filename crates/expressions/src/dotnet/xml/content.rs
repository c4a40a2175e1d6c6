//! What can be put into elements and documents, and values in XML's spelling.

use crate::clr::datetime_format::{json_datetime, json_datetimeoffset};
use crate::runtime::{Fault, R, Runtime};
use crate::types::relations;
use crate::value::{Str, Value};
use crate::xml::XNode;

/// How deep content may nest sequences in sequences.
const MAX_NESTING: usize = 64;

/// A value as XML writes it: `true`, ISO dates, invariant numbers.
pub(super) fn text(rt: &mut Runtime<'_>, value: &Value) -> R<Str> {
    Ok(match value {
        Value::Bool(true) => Str::literal("true"),
        Value::Bool(false) => Str::literal("false"),
        Value::Double(v) if v.is_infinite() => infinite(*v > 0.0),
        Value::Single(v) if v.is_infinite() => infinite(*v > 0.0),
        Value::DateTime(v) => json_datetime(*v).into(),
        Value::DateTimeOffset(v) if v.offset_minutes == 0 => {
            let clock = crate::value::DateTime {
                ticks: v.ticks,
                kind: crate::value::DateTimeKind::Utc,
            };
            json_datetime(clock).into()
        }
        Value::DateTimeOffset(v) => json_datetimeoffset(*v).into(),
        Value::TimeSpan(v) => duration(v.0).into(),
        other if other.as_object::<XNode>().is_some() => {
            return Err(Fault::argument("An XObject cannot be used as a value.", ""));
        }
        other => rt.to_text(other)?,
    })
}

fn infinite(positive: bool) -> Str {
    Str::literal(if positive { "INF" } else { "-INF" })
}

/// `xs:duration` of ticks: `P1DT2H3M4.5S`.
fn duration(ticks: i64) -> String {
    let magnitude = ticks.unsigned_abs();
    let (seconds, fraction) = (magnitude / 10_000_000, magnitude % 10_000_000);
    let (days, hours, minutes, seconds) = (
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    );
    let mut out = String::from(if ticks < 0 { "-P" } else { "P" });
    if days > 0 {
        out.push_str(&format!("{days}D"));
    }
    let mut time = String::new();
    if hours > 0 {
        time.push_str(&format!("{hours}H"));
    }
    if minutes > 0 {
        time.push_str(&format!("{minutes}M"));
    }
    if seconds > 0 || fraction > 0 {
        time.push_str(&seconds.to_string());
        if fraction > 0 {
            time.push('.');
            time.push_str(format!("{fraction:07}").trim_end_matches('0'));
        }
        time.push('S');
    }
    if !time.is_empty() {
        out.push('T');
        out.push_str(&time);
    } else if days == 0 {
        out.push_str("T0S");
    }
    out
}

/// Adds content at the end of an element or document: nodes, attributes, sequences, anything else as text.
pub(super) fn add(rt: &mut Runtime<'_>, parent: &XNode, content: &Value) -> R<()> {
    add_nested(rt, parent, None, content, 0).map(|_| ())
}

/// Inserts content before position `at`; gives the position after it.
pub(super) fn insert(rt: &mut Runtime<'_>, parent: &XNode, at: usize, content: &Value) -> R<usize> {
    add_nested(rt, parent, Some(at), content, 0)
}

fn add_nested(
    rt: &mut Runtime<'_>,
    parent: &XNode,
    at: Option<usize>,
    content: &Value,
    nesting: usize,
) -> R<usize> {
    rt.tick()?;
    rt.allocate(128)?;
    let place = at.unwrap_or_default();
    if content.is_null() {
        return Ok(place);
    }
    if let Some(node) = content.as_object::<XNode>() {
        account_copy(rt, node)?;
        let before = parent.node_count();
        match at {
            Some(at) => parent.insert(at, node)?,
            None => parent.append(node)?,
        }
        return Ok(place + (parent.node_count() - before));
    }
    let is_sequence =
        !matches!(content, Value::Str(_)) && relations::element_type(&content.type_of()).is_some();
    if !is_sequence {
        let text = text(rt, content)?;
        rt.allocate(text.heap_size())?;
        return Ok(match at {
            Some(at) => {
                let before = at
                    .checked_sub(1)
                    .and_then(|i| parent.nodes().into_iter().nth(i));
                match before {
                    // Text behind text becomes part of it.
                    Some(node) if node.kind() == crate::xml::NodeKind::Text => {
                        let mut joined = crate::value::StrBuilder::new();
                        joined.push(&node.value());
                        joined.push(&text);
                        node.set_value(joined.finish())?;
                        at
                    }
                    _ => {
                        parent.insert(at, &XNode::text_of(text))?;
                        at + 1
                    }
                }
            }
            None => {
                parent.append_text(&text)?;
                place
            }
        });
    }
    if nesting == MAX_NESTING {
        return Err(Fault::argument(
            "The content nests too many sequences.",
            "content",
        ));
    }
    let mut elements = rt.iterate(content)?;
    let mut at = at;
    while let Some(element) = elements.next(rt)? {
        let next = add_nested(rt, parent, at, &element, nesting + 1)?;
        at = at.map(|_| next);
    }
    Ok(at.unwrap_or_default())
}

/// Accounts for the copy that is made of a node which already has a parent.
pub(super) fn account_copy(rt: &mut Runtime<'_>, node: &XNode) -> R<()> {
    if node.container().is_some() {
        let nodes = node.descendants(true).len();
        rt.spend(nodes as u64)?;
        rt.allocate(crate::xml::size_of_nodes(nodes))?;
    }
    Ok(())
}
