//! The operation of a request: the best of an API's templates that matches path, query and method.
//!
//! Best is, segment by segment from the left: literal, then literal mixed with parameters, then parameter, then `*`;
//! among equals more query constraints, literal ones first; then the order of definition. Walking the trie in this
//! order, the first template that matches is the best one; each of its nodes is visited at most once.

use std::cmp::Reverse;
use std::sync::Arc;

use tidegate_model::{Operation, OperationIndex, Piece, QueryConstraint, Segment, UrlTemplate};

use tidegate_pipeline::{Parameters, UrlParameters};

use super::text::{Path, TextMap, decode, decode_query, is_same, query_value};

/// The templates of one API.
pub(super) struct OperationTrie {
    nodes: Vec<Node>,
    templates: Vec<Arc<Template>>,
}

/// The URL template of one operation.
#[derive(Debug)]
struct Template(UrlTemplate);

#[derive(Default)]
struct Node {
    literals: TextMap,
    /// Mixed segments, those with more literal text first.
    mixed: Vec<(Vec<Piece>, u32)>,
    parameter: Option<u32>,
    /// Templates that end here.
    leaves: Vec<Leaf>,
    /// Templates that end here with `*`.
    wildcards: Vec<Leaf>,
}

struct Leaf {
    method: Box<str>,
    operation: u32,
    /// Number of query constraints, and how many of them are literal.
    rank: (usize, usize),
}

impl OperationTrie {
    pub fn build(operations: &[Operation]) -> Self {
        let mut trie = Self {
            nodes: vec![Node::default()],
            templates: Vec::with_capacity(operations.len()),
        };
        for operation in operations {
            trie.insert(operation);
        }
        for node in &mut trie.nodes {
            node.literals.finish();
            // Stable sorts: definition order decides among equals.
            node.leaves.sort_by_key(|leaf| Reverse(leaf.rank));
            node.wildcards.sort_by_key(|leaf| Reverse(leaf.rank));
            node.mixed
                .sort_by_key(|(pieces, _)| Reverse(literal_length(pieces)));
        }
        trie
    }

    fn insert(&mut self, operation: &Operation) {
        let template = &operation.template;
        let leaf = Leaf {
            method: operation.method.as_str().into(),
            operation: u32::try_from(self.templates.len()).unwrap_or(u32::MAX),
            rank: (
                template.query().len(),
                template
                    .query()
                    .iter()
                    .filter(|constraint| matches!(constraint, QueryConstraint::Literal { .. }))
                    .count(),
            ),
        };
        let mut at = 0;
        let mut is_wildcard = false;
        for segment in template.segments() {
            let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            let Some(node) = self.nodes.get_mut(at) else {
                break;
            };
            let child = match segment {
                Segment::Literal(text) => node.literals.get_or_insert(&decode(text), next),
                Segment::Parameter(_) => *node.parameter.get_or_insert(next),
                Segment::Mixed(pieces) => {
                    let known = node
                        .mixed
                        .iter()
                        .find(|(other, _)| is_same_shape(other, pieces));
                    match known {
                        Some((_, child)) => *child,
                        None => {
                            node.mixed.push((decoded(pieces), next));
                            next
                        }
                    }
                }
                Segment::Wildcard => {
                    is_wildcard = true;
                    break;
                }
            };
            if child == next {
                self.nodes.push(Node::default());
            }
            at = child as usize;
        }
        if let Some(node) = self.nodes.get_mut(at) {
            if is_wildcard {
                node.wildcards.push(leaf);
            } else {
                node.leaves.push(leaf);
            }
        }
        self.templates.push(Arc::new(Template(template.clone())));
    }

    /// The operation for a method and the path from `at` on.
    pub fn find(
        &self,
        method: &str,
        path: Path<'_>,
        at: usize,
        query: &str,
    ) -> Option<OperationIndex> {
        let search = Search {
            trie: self,
            method,
            path,
            query,
        };
        search.from(0, at).map(OperationIndex)
    }

    /// What reads an operation's parameters.
    pub fn template(&self, operation: OperationIndex) -> Option<Arc<dyn UrlParameters>> {
        let template = self.templates.get(operation.get())?;
        Some(template.clone())
    }
}

/// One walk through the trie.
struct Search<'a> {
    trie: &'a OperationTrie,
    method: &'a str,
    path: Path<'a>,
    query: &'a str,
}

impl Search<'_> {
    /// The best operation below a node for the path from `at` on. No deeper than the longest template.
    fn from(&self, node: u32, at: usize) -> Option<u32> {
        let is_root = node == 0;
        let node = self.trie.nodes.get(node as usize)?;
        let Some((segment, end)) = self.path.segment(at) else {
            let ends_with_slash = !self.path.rest(at).is_empty();
            return self.leaf(&node.leaves).or_else(|| {
                // `/foo/*` matches `/foo/` but not `/foo`; `/*` matches the root either way.
                (ends_with_slash || is_root)
                    .then(|| self.leaf(&node.wildcards))
                    .flatten()
            });
        };
        let decoded = self.path.decode(segment);
        node.literals
            .get(&decoded)
            .and_then(|child| self.from(child, end))
            .or_else(|| {
                node.mixed
                    .iter()
                    .filter(|(pieces, _)| match_pieces(pieces, &decoded, &mut |_, _| {}))
                    .find_map(|(_, child)| self.from(*child, end))
            })
            .or_else(|| {
                let child = node.parameter.filter(|_| !segment.is_empty())?;
                self.from(child, end)
            })
            .or_else(|| self.leaf(&node.wildcards))
    }

    /// The first of several templates whose method and query match.
    fn leaf(&self, leaves: &[Leaf]) -> Option<u32> {
        leaves
            .iter()
            .filter(|leaf| is_same(&leaf.method, self.method))
            .find(|leaf| {
                leaf.rank.0 == 0
                    || self
                        .trie
                        .templates
                        .get(leaf.operation as usize)
                        .is_some_and(|template| is_query_matched(&template.0, self.query))
            })
            .map(|leaf| leaf.operation)
    }
}

fn is_query_matched(template: &UrlTemplate, query: &str) -> bool {
    template.query().iter().all(|constraint| match constraint {
        QueryConstraint::Parameter { name, .. } => query_value(query, name).is_some(),
        QueryConstraint::Literal { name, value } => query_value(query, name)
            .is_some_and(|given| given == value || decode_query(given) == decode_query(value)),
    })
}

/// Matches a decoded segment against literals and parameters, and tells each parameter's value. A parameter takes as
/// little as possible, but at least one character; literals are compared without case.
fn match_pieces<'t>(
    pieces: &[Piece],
    text: &'t str,
    found: &mut dyn FnMut(&Arc<str>, &'t str),
) -> bool {
    let mut rest = text;
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Literal(literal) => {
                let Some(head) = rest.get(..literal.len()) else {
                    return false;
                };
                if !head.eq_ignore_ascii_case(literal) {
                    return false;
                }
                rest = rest.get(literal.len()..).unwrap_or_default();
            }
            Piece::Parameter(name) => {
                let Some(first) = rest.chars().next() else {
                    return false;
                };
                let end = match pieces.next() {
                    None => rest.len(),
                    Some(Piece::Parameter(_)) => return false,
                    Some(Piece::Literal(literal)) => {
                        let is_last = pieces.peek().is_none();
                        let Some(at) = find_literal(rest, literal, first.len_utf8(), is_last)
                        else {
                            return false;
                        };
                        found(name, rest.get(..at).unwrap_or_default());
                        rest = rest.get(at + literal.len()..).unwrap_or_default();
                        continue;
                    }
                };
                found(name, rest.get(..end).unwrap_or_default());
                rest = "";
            }
        }
    }
    rest.is_empty()
}

/// Where a literal stands in a text, not before `from`; the last literal of a segment must end it.
fn find_literal(text: &str, literal: &str, from: usize, is_last: bool) -> Option<usize> {
    let is_at = |at: usize| {
        text.get(at..at + literal.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(literal))
    };
    let last = text.len().checked_sub(literal.len())?;
    if is_last {
        return (last >= from && is_at(last)).then_some(last);
    }
    (from..=last).find(|at| is_at(*at))
}

fn literal_length(pieces: &[Piece]) -> usize {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Parameter(_) => 0,
        })
        .sum()
}

fn decoded(pieces: &[Piece]) -> Vec<Piece> {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Piece::Literal(decode(text).into_owned()),
            Piece::Parameter(name) => Piece::Parameter(name.clone()),
        })
        .collect()
}

fn is_same_shape(a: &[Piece], b: &[Piece]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| match (a, b) {
            (Piece::Literal(a), Piece::Literal(b)) => a.eq_ignore_ascii_case(&decode(b)),
            (Piece::Parameter(_), Piece::Parameter(_)) => true,
            _ => false,
        })
}

impl UrlParameters for Template {
    fn read(&self, path: &str, query: &str) -> Parameters {
        parameters(&self.0, Path::new(path), query)
    }
}

/// The values of a template's parameters in a request that it matches.
fn parameters(template: &UrlTemplate, path: Path<'_>, query: &str) -> Parameters {
    let mut values = Vec::with_capacity(template.parameters().count());
    let mut at = 0;
    for segment in template.segments() {
        if *segment == Segment::Wildcard {
            let rest = path.rest(at);
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            values.push((Arc::from("*"), path.decode(rest).into_owned()));
            break;
        }
        let Some((text, end)) = path.segment(at) else {
            break;
        };
        at = end;
        match segment {
            Segment::Parameter(name) => values.push((name.clone(), path.decode(text).into_owned())),
            Segment::Mixed(pieces) => {
                let text = path.decode(text);
                let is_plain = !pieces
                    .iter()
                    .any(|piece| matches!(piece, Piece::Literal(text) if text.contains('%')));
                let mut take = |name: &Arc<str>, value: &str| {
                    values.push((name.clone(), value.to_owned()));
                };
                if is_plain {
                    match_pieces(pieces, &text, &mut take);
                } else {
                    match_pieces(&decoded(pieces), &text, &mut take);
                }
            }
            Segment::Literal(_) | Segment::Wildcard => {}
        }
    }
    for constraint in template.query() {
        if let QueryConstraint::Parameter { name, parameter } = constraint {
            let value = query_value(query, name).unwrap_or_default();
            values.push((parameter.clone(), decode_query(value).into_owned()));
        }
    }
    values
}
