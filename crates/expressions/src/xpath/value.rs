//! Values of XPath expressions and their conversions.

use crate::xml::{NodeKind, XNode};

/// A node that an expression finds.
#[derive(Clone)]
pub(crate) struct Node {
    /// The node; a namespace is the attribute that declares it.
    pub(crate) node: XNode,
    /// The element on whose namespace axis this was found.
    pub(crate) namespace_of: Option<XNode>,
}

impl From<XNode> for Node {
    fn from(node: XNode) -> Self {
        Self {
            node,
            namespace_of: None,
        }
    }
}

impl Node {
    pub(super) fn kind(&self) -> NodeKind {
        self.node.kind()
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind(), NodeKind::Text | NodeKind::CData)
    }

    /// Pieces of text beside each other are one text node.
    pub(super) fn text(&self) -> String {
        let mut text = self.node.value().to_utf8().into_owned();
        if self.is_text() {
            let mut next = self.node.sibling(1);
            while let Some(more) = next.filter(is_text) {
                text.push_str(&more.value().to_utf8());
                next = more.sibling(1);
            }
        }
        text
    }
}

pub(super) fn is_text(node: &XNode) -> bool {
    matches!(node.kind(), NodeKind::Text | NodeKind::CData)
}

/// What an expression gives.
pub(crate) enum Value {
    /// Nodes in document order, each once.
    Nodes(Vec<Node>),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A truth value.
    Bool(bool),
}

impl Value {
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Bool(flag) => *flag,
        }
    }

    pub(super) fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Bool(flag) => f64::from(u8::from(*flag)),
            Self::Text(text) => number_of(text),
            Self::Nodes(_) => number_of(&self.text()),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Nodes(nodes) => nodes.first().map(Node::text).unwrap_or_default(),
            Self::Number(number) => text_of(*number),
            Self::Text(text) => text.clone(),
            Self::Bool(flag) => flag.to_string(),
        }
    }
}

/// `number(text)`: digits with a point and perhaps a minus sign, no exponent.
pub(super) fn number_of(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let valid = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.matches('.').count() <= 1;
    if valid {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// `string(number)`, as .NET spells it: with an exponent where `double.ToString()` has one.
pub(super) fn text_of(number: f64) -> String {
    crate::clr::number_format::double_text(number)
}
