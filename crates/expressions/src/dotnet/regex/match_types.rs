//! `Capture`, `Group` and `Match`

use std::rc::Rc;

use super::{Hit, Subject, collections, defs, named};
use crate::regex::{Found, Replacement, Span};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};

/// A capture, a group or a match: which of them, and where in the text.
pub(super) struct Captured {
    pub(super) kind: Kind,
    /// `None` for what a failed match has: no text at all.
    pub(super) hit: Option<Rc<Hit>>,
    /// Last capture; `None` when the group took no part.
    pub(super) span: Option<Span>,
}

/// See [`Captured`].
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Capture,
    /// The group at this position.
    Group {
        slot: usize,
    },
    Match,
}

impl Captured {
    pub(super) fn failed(kind: Kind) -> Value {
        Value::object(Self {
            kind,
            hit: None,
            span: None,
        })
    }

    pub(super) fn matched(subject: &Rc<Subject>, found: Found) -> Value {
        let span = found.group(0);
        let hit = Rc::new(Hit {
            subject: subject.clone(),
            found,
        });
        Value::object(Self {
            kind: Kind::Match,
            hit: Some(hit),
            span,
        })
    }

    fn text(&self) -> Str {
        match (&self.hit, self.span) {
            (Some(hit), Some((start, end))) => hit.subject.text.slice(start, end - start),
            _ => Str::EMPTY,
        }
    }

    fn slot(&self) -> usize {
        match self.kind {
            Kind::Group { slot } => slot,
            Kind::Capture | Kind::Match => 0,
        }
    }

    /// All captures of the group.
    pub(super) fn captures(&self) -> Vec<Value> {
        let Some(hit) = &self.hit else {
            return Vec::new();
        };
        let spans = hit
            .found
            .groups
            .get(self.slot())
            .map(Vec::as_slice)
            .unwrap_or_default();
        spans
            .iter()
            .enumerate()
            .map(|(at, span)| {
                Value::object(Self {
                    // The last one is the group itself.
                    kind: if at + 1 == spans.len() {
                        self.kind
                    } else {
                        Kind::Capture
                    },
                    hit: Some(hit.clone()),
                    span: Some(*span),
                })
            })
            .collect()
    }

    /// The group at a position.
    pub(super) fn group(&self, slot: Option<usize>) -> Value {
        match (&self.hit, slot) {
            (Some(hit), Some(slot)) => Value::object(Self {
                kind: Kind::Group { slot },
                hit: Some(hit.clone()),
                span: hit.found.group(slot),
            }),
            _ => Self::failed(Kind::Group { slot: 0 }),
        }
    }
}

impl Object for Captured {
    fn type_of(&self) -> Type {
        named(match self.kind {
            Kind::Capture => defs().capture,
            Kind::Group { .. } => defs().group,
            Kind::Match => defs().matched,
        })
    }

    fn to_text(&self, rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        let text = self.text();
        rt.allocate(text.heap_size())?;
        Ok(Some(text))
    }
}

fn number(n: usize) -> Value {
    i32::try_from(n).unwrap_or(i32::MAX).into()
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Text.RegularExpressions.Capture");
    t.property("int Index", |c| {
        Ok(number(
            c.object::<Captured>(0)?.span.map_or(0, |(start, _)| start),
        ))
    });
    t.property("int Length", |c| {
        Ok(number(
            c.object::<Captured>(0)?
                .span
                .map_or(0, |(start, end)| end - start),
        ))
    });
    t.property("string Value", |c| {
        let text = c.object::<Captured>(0)?.text();
        c.rt.allocate(text.heap_size())?;
        Ok(text.into())
    });

    let mut t = types.class("System.Text.RegularExpressions.Group");
    t.base("Capture");
    t.property("bool Success", |c| {
        Ok(c.object::<Captured>(0)?.span.is_some().into())
    });
    t.property("CaptureCollection Captures", |c| {
        let captures = c.object::<Captured>(0)?.captures();
        Ok(collections::Collection::value(
            defs().captures,
            captures,
            None,
        ))
    });
    t.property("string Name", |c| {
        let group = c.object::<Captured>(0)?;
        let name = group.hit.as_ref().and_then(|hit| {
            hit.subject
                .regex
                .groups()
                .nth(group.slot())
                .map(|(_, name)| Str::from(name))
        });
        Ok(name.unwrap_or_else(|| Str::literal("0")).into())
    })
    .beyond_documentation();

    let mut t = types.class("System.Text.RegularExpressions.Match");
    t.base("Group");
    t.static_property("Match Empty", |_| Ok(Captured::failed(Kind::Match)));
    t.property("GroupCollection Groups", |c| {
        let matched = c.object::<Captured>(0)?;
        let count = matched.hit.as_ref().map_or(1, |hit| hit.found.groups.len());
        let groups = (0..count)
            // The first group is the match itself.
            .map(|slot| {
                if slot == 0 {
                    c.value(0)
                } else {
                    matched.group(Some(slot))
                }
            })
            .collect();
        Ok(collections::Collection::value(
            defs().groups,
            groups,
            Some(matched),
        ))
    });
    t.method("string Result(string replacement)", result);
    t.method("Match NextMatch()", |c| {
        let matched = c.object::<Captured>(0)?;
        let Some(hit) = &matched.hit else {
            return Ok(c.value(0));
        };
        let next = super::search_after(c.rt, &hit.subject, &hit.found)?;
        Ok(match next {
            Some(found) => Captured::matched(&hit.subject, found),
            None => Captured::failed(Kind::Match),
        })
    })
    .beyond_documentation();
}

fn result(c: &mut Call<'_, '_>) -> R<Value> {
    let replacement = c.str(1)?;
    let matched = c.object::<Captured>(0)?;
    let Some(hit) = &matched.hit else {
        return Err(Fault::new(
            "System.NotSupportedException",
            "Result cannot be called on a failed Match.",
        ));
    };
    let replacement = Replacement::new(&hit.subject.regex, &replacement);
    let mut out = Vec::new();
    replacement.append(&hit.subject.units, &hit.found, &mut out);
    c.rt.allocate(out.len() * 2)?;
    Ok(Str::from_units(&out).into())
}
