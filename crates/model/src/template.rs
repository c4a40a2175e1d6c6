//! URL templates of operations: `/deployments/{deployment-id}/chat/completions?api-version={api-version}`.
//!
//! Text flows in, segments and query constraints flow out. Matching is the router's business.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// A parsed URL template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    text: Arc<str>,
    segments: Vec<Segment>,
    query: Vec<QueryConstraint>,
}

/// One path segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Text, compared without case.
    Literal(String),
    /// Text and parameters; never two parameters side by side.
    Mixed(Vec<Piece>),
    /// A parameter: any one segment that is not empty.
    Parameter(Arc<str>),
    /// `*`, last: any remainder.
    Wildcard,
}

/// A part of a mixed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text.
    Literal(String),
    /// A parameter: at least one character.
    Parameter(Arc<str>),
}

/// A query parameter the request must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryConstraint {
    /// `name={parameter}`: present, with any value.
    Parameter {
        /// Query parameter name.
        name: String,
        /// Name of the matched parameter.
        parameter: Arc<str>,
    },
    /// `name=value`: present and equal.
    Literal {
        /// Query parameter name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// Why a text is no URL template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// `{` without `}` or the reverse.
    Braces,
    /// `{}`.
    EmptyName,
    /// `*` elsewhere than as the whole last segment.
    Wildcard,
    /// `{a}{b}`: nothing tells where the first one ends.
    Adjacent,
    /// The same parameter twice.
    Duplicate(String),
    /// A query part that is not `name={parameter}` or `name=value`.
    Query(String),
}

impl std::error::Error for TemplateError {}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::Braces => f.write_str("braces are not balanced"),
            TemplateError::EmptyName => f.write_str("a parameter has no name"),
            TemplateError::Wildcard => f.write_str("'*' may only be the whole last segment"),
            TemplateError::Adjacent => f.write_str("two parameters have no text between them"),
            TemplateError::Duplicate(name) => write!(f, "parameter '{name}' occurs twice"),
            TemplateError::Query(part) => write!(
                f,
                "query part '{part}' is neither name={{parameter}} nor name=value"
            ),
        }
    }
}

impl UrlTemplate {
    /// Parses a template. A missing leading slash is added.
    ///
    /// # Errors
    /// It breaks the grammar (APIM: operation `urlTemplate`).
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let text = text.trim();
        let text: Arc<str> = if text.starts_with('/') {
            text.into()
        } else {
            format!("/{text}").into()
        };
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, query),
            None => (&*text, ""),
        };
        let mut names = HashSet::new();
        let mut segments = Vec::new();
        // Without the leading slash; a trailing one makes no difference to what is matched.
        let trimmed = path.strip_prefix('/').unwrap_or(path);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        if !trimmed.is_empty() {
            let mut parts = trimmed.split('/').peekable();
            while let Some(part) = parts.next() {
                let segment = parse_segment(part, &mut names)?;
                if segment == Segment::Wildcard && parts.peek().is_some() {
                    return Err(TemplateError::Wildcard);
                }
                segments.push(segment);
            }
        }
        let mut constraints = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            constraints.push(parse_query_part(part, &mut names)?);
        }
        Ok(Self {
            segments,
            query: constraints,
            text,
        })
    }

    /// The template as written, with a leading slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The template as written, shared.
    pub fn shared(&self) -> Arc<str> {
        self.text.clone()
    }

    /// Path segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Query parameters the request must have.
    pub fn query(&self) -> &[QueryConstraint] {
        &self.query
    }

    /// Names of all parameters, path first; a wildcard counts as `*`.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        let path = self.segments.iter().flat_map(|segment| {
            let (one, many): (Option<&str>, &[Piece]) = match segment {
                Segment::Literal(_) => (None, &[]),
                Segment::Mixed(pieces) => (None, pieces),
                Segment::Parameter(name) => (Some(name), &[]),
                Segment::Wildcard => (Some("*"), &[]),
            };
            one.into_iter()
                .chain(many.iter().filter_map(|piece| match piece {
                    Piece::Literal(_) => None,
                    Piece::Parameter(name) => Some(&**name),
                }))
        });
        let query = self.query.iter().filter_map(|constraint| match constraint {
            QueryConstraint::Parameter { parameter, .. } => Some(&**parameter),
            QueryConstraint::Literal { .. } => None,
        });
        path.chain(query)
    }

    /// A text that is equal for two templates that match the same requests: parameter names do not matter, nor does
    /// the case of literals or the order of the query.
    pub fn shape(&self) -> String {
        let mut shape = String::new();
        for segment in &self.segments {
            shape.push('/');
            match segment {
                Segment::Literal(text) => shape.push_str(&text.to_ascii_lowercase()),
                Segment::Parameter(_) => shape.push_str("{}"),
                Segment::Wildcard => shape.push('*'),
                Segment::Mixed(pieces) => {
                    for piece in pieces {
                        match piece {
                            Piece::Literal(text) => shape.push_str(&text.to_ascii_lowercase()),
                            Piece::Parameter(_) => shape.push_str("{}"),
                        }
                    }
                }
            }
        }
        let mut query: Vec<String> = self
            .query
            .iter()
            .map(|constraint| match constraint {
                QueryConstraint::Parameter { name, .. } => {
                    format!("{}={{}}", name.to_ascii_lowercase())
                }
                QueryConstraint::Literal { name, value } => {
                    format!("{}={value}", name.to_ascii_lowercase())
                }
            })
            .collect();
        query.sort();
        for part in query {
            shape.push('?');
            shape.push_str(&part);
        }
        shape
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse_segment(text: &str, names: &mut HashSet<String>) -> Result<Segment, TemplateError> {
    if text == "*" {
        return Ok(Segment::Wildcard);
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let open = rest.find(['{', '}', '*']).unwrap_or(rest.len());
        let (literal, tail) = rest.split_at(open);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
        rest = match tail.chars().next() {
            None => break,
            Some('{') => {
                if matches!(pieces.last(), Some(Piece::Parameter(_))) {
                    return Err(TemplateError::Adjacent);
                }
                let (name, tail) = parameter(tail)?;
                pieces.push(Piece::Parameter(register(name, names)?));
                tail
            }
            Some('*') => return Err(TemplateError::Wildcard),
            Some(_) => return Err(TemplateError::Braces),
        };
    }
    if pieces.len() > 1 {
        return Ok(Segment::Mixed(pieces));
    }
    Ok(match pieces.pop() {
        None => Segment::Literal(String::new()),
        Some(Piece::Literal(text)) => Segment::Literal(text),
        Some(Piece::Parameter(name)) => Segment::Parameter(name),
    })
}

/// Splits `{name}…` into the name and what follows.
fn parameter(text: &str) -> Result<(&str, &str), TemplateError> {
    let inner = text.strip_prefix('{').ok_or(TemplateError::Braces)?;
    let (name, tail) = inner.split_once('}').ok_or(TemplateError::Braces)?;
    let name = name.trim();
    if name.is_empty() {
        return Err(TemplateError::EmptyName);
    }
    if name.contains('{') {
        return Err(TemplateError::Braces);
    }
    Ok((name, tail))
}

fn register(name: &str, names: &mut HashSet<String>) -> Result<Arc<str>, TemplateError> {
    if !names.insert(name.to_ascii_lowercase()) {
        return Err(TemplateError::Duplicate(name.to_owned()));
    }
    Ok(name.into())
}

fn parse_query_part(
    part: &str,
    names: &mut HashSet<String>,
) -> Result<QueryConstraint, TemplateError> {
    let invalid = || TemplateError::Query(part.to_owned());
    let (name, value) = match part.split_once('=') {
        Some((name, value)) => (name, value),
        // `?{name}` is how some older exports write a parameter of the same name.
        None if part.starts_with('{') => {
            let (name, tail) = parameter(part)?;
            if !tail.is_empty() {
                return Err(invalid());
            }
            return Ok(QueryConstraint::Parameter {
                name: name.to_owned(),
                parameter: register(name, names)?,
            });
        }
        None => (part, ""),
    };
    if name.is_empty() || name.contains(['{', '}']) {
        return Err(invalid());
    }
    if value.starts_with('{') {
        let (parameter, tail) = parameter(value)?;
        if !tail.is_empty() {
            return Err(invalid());
        }
        return Ok(QueryConstraint::Parameter {
            name: name.to_owned(),
            parameter: register(parameter, names)?,
        });
    }
    if value.contains(['{', '}']) {
        return Err(invalid());
    }
    Ok(QueryConstraint::Literal {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> UrlTemplate {
        UrlTemplate::parse(text).unwrap()
    }

    #[test]
    fn segments_are_literals_parameters_mixes_or_a_last_wildcard() {
        let template = parse("/a/{b}/file-{id}.json/*");
        assert_eq!(
            template.segments(),
            [
                Segment::Literal("a".into()),
                Segment::Parameter("b".into()),
                Segment::Mixed(vec![
                    Piece::Literal("file-".into()),
                    Piece::Parameter("id".into()),
                    Piece::Literal(".json".into()),
                ]),
                Segment::Wildcard,
            ]
        );
        assert_eq!(template.parameters().collect::<Vec<_>>(), ["b", "id", "*"]);
    }

    #[test]
    fn query_parts_are_constraints() {
        let template = parse("/a?api-version={version}&kind=chat&flag");
        assert_eq!(
            template.query(),
            [
                QueryConstraint::Parameter {
                    name: "api-version".into(),
                    parameter: "version".into()
                },
                QueryConstraint::Literal {
                    name: "kind".into(),
                    value: "chat".into()
                },
                QueryConstraint::Literal {
                    name: "flag".into(),
                    value: String::new()
                },
            ]
        );
    }

    #[test]
    fn root_and_trailing_slash_have_no_segment() {
        assert!(parse("/").segments().is_empty());
        assert!(parse("").segments().is_empty());
        assert_eq!(parse("/a/").segments(), parse("a").segments());
    }

    #[test]
    fn broken_templates_are_refused() {
        let error = |text| UrlTemplate::parse(text).unwrap_err();
        assert_eq!(error("/{a"), TemplateError::Braces);
        assert_eq!(error("/a}"), TemplateError::Braces);
        assert_eq!(error("/{a{b}}"), TemplateError::Braces);
        assert_eq!(error("/{}"), TemplateError::EmptyName);
        assert_eq!(error("/*/a"), TemplateError::Wildcard);
        assert_eq!(error("/a*"), TemplateError::Wildcard);
        assert_eq!(error("/{a}{b}"), TemplateError::Adjacent);
        assert_eq!(error("/{a}?x={A}"), TemplateError::Duplicate("A".into()));
        assert_eq!(error("/a?x=p{y}"), TemplateError::Query("x=p{y}".into()));
    }

    #[test]
    fn shape_ignores_names_case_and_query_order() {
        assert_eq!(
            parse("/A/{x}/f-{y}?b={b}&a=1").shape(),
            parse("/a/{z}/F-{q}?A=1&B={c}").shape()
        );
        assert_ne!(parse("/a?x=1").shape(), parse("/a?x={x}").shape());
    }
}
