//! The document tree: in flows what the reader found, out flow elements, attributes and text with their spans.
//!
//! The tree keeps comments, processing instructions and spelling details enough to print it back. It knows no
//! particular policy.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::SourceFile;
use crate::text::{Text, TextBuilder};

/// A whole document.
#[derive(Debug, Clone)]
pub struct Document {
    /// The text it was read from.
    pub file: Arc<SourceFile>,
    /// Comments and processing instructions before the root.
    pub prolog: Vec<Node>,
    /// The one root element.
    pub root: Element,
    /// Comments and processing instructions behind the root.
    pub epilog: Vec<Node>,
}

/// One element. All ranges are byte ranges of the document.
#[derive(Debug, Clone)]
pub struct Element {
    /// Name with its prefix, as written: `set-header`, `xsl:stylesheet`.
    pub name: String,
    /// The name in the start tag.
    pub name_span: Range<usize>,
    /// From `<` of the start tag to `>` of the end tag.
    pub span: Range<usize>,
    /// Attributes in order; a name given twice is an error, yet both stand here.
    pub attributes: Vec<Attribute>,
    /// What stands between the tags, in order. Two texts never follow each other.
    pub children: Vec<Node>,
    /// Between the tags; empty, behind the tag, for `<a/>`.
    pub content: Range<usize>,
    /// Whether it is written `<a/>`.
    pub self_closing: bool,
}

/// One attribute.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Name with its prefix, as written.
    pub name: String,
    /// The name.
    pub name_span: Range<usize>,
    /// From the name to the closing quote.
    pub span: Range<usize>,
    /// `"` or `'`.
    pub quote: char,
    /// The decoded value.
    pub value: Text,
}

/// What stands between tags.
#[derive(Debug, Clone)]
pub enum Node {
    /// An element.
    Element(Element),
    /// A run of text, CDATA sections included.
    Text(Text),
    /// `<!--text-->`.
    Comment {
        /// What stands between the marks.
        text: String,
        /// With the marks.
        span: Range<usize>,
    },
    /// `<?text?>`, the XML declaration too.
    ProcessingInstruction {
        /// What stands between the marks.
        text: String,
        /// With the marks.
        span: Range<usize>,
    },
}

impl Node {
    /// Byte range in the document.
    pub fn span(&self) -> Range<usize> {
        match self {
            Node::Element(element) => element.span.clone(),
            Node::Text(text) => text.span(),
            Node::Comment { span, .. } | Node::ProcessingInstruction { span, .. } => span.clone(),
        }
    }

    /// The element, if it is one.
    pub fn as_element(&self) -> Option<&Element> {
        match self {
            Node::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Element {
    /// The attribute of this exact name; the first where a name is given twice.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// Child elements in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(Node::as_element)
    }

    /// The first child element of this exact name.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// Child texts in order; comments and elements part them.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.children.iter().filter_map(Node::as_text)
    }

    /// Whether any child is an element.
    pub fn has_elements(&self) -> bool {
        self.elements().next().is_some()
    }

    /// The first child text that is more than white space: where an element takes only children, this is what to
    /// complain about.
    pub fn stray_text(&self) -> Option<&Text> {
        self.texts().find(|text| !text.is_blank())
    }

    /// All text of the element joined, comments and child elements left out, as one value. Blank text around a
    /// comment does not keep `<!-- why --> @(x)` from being an expression. Without any text it is empty and
    /// stands at the content's place.
    pub fn text(&self, file: &Arc<SourceFile>) -> Cow<'_, Text> {
        let mut texts = self.texts();
        match (texts.next(), texts.next()) {
            (None, _) => Cow::Owned(TextBuilder::new(self.content.start).finish(
                file,
                self.content.start..self.content.start,
                false,
            )),
            (Some(only), None) => Cow::Borrowed(only),
            (Some(first), Some(second)) => {
                let mut joined = first.clone();
                joined.append(std::iter::once(second).chain(texts));
                Cow::Owned(joined)
            }
        }
    }

    /// The document's own text between the tags, nothing decoded: what `set-body` takes when its content is markup.
    /// Named values in it can be substituted as in any text.
    pub fn raw_content(&self, file: &Arc<SourceFile>) -> Text {
        Text::verbatim(file, self.content.clone())
    }
}
