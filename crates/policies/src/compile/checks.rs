//! Checks of a document's shape: names of elements and attributes, and how often they stand.
//!
//! Elements and definitions flow in, diagnostics flow out.

use tidegate_policy_xml::diagnostic::Diagnostic;
use tidegate_policy_xml::{Element, Node};

use super::{Compiler, place, suggestion};
use crate::definition::{Attribute, Child, Content};
use crate::registry;

impl Compiler<'_> {
    pub(super) fn unknown_policy(&mut self, element: &Element) {
        let (code, message) = if registry::NOT_SUPPORTED.contains(&element.name.as_str()) {
            (
                "unsupported-policy",
                format!("policy <{}> is not supported yet", element.name),
            )
        } else {
            (
                "unknown-policy",
                format!("unknown policy <{}>", element.name),
            )
        };
        let mut diagnostic =
            Diagnostic::error(code, message).at(&self.file, element.name_span.clone());
        if code == "unknown-policy" {
            diagnostic.help = suggestion(
                &element.name,
                registry::POLICIES
                    .iter()
                    .map(|policy| policy.name)
                    .chain(registry::NOT_SUPPORTED.iter().copied()),
            );
        }
        self.report(diagnostic);
    }

    pub(super) fn no_attributes(&mut self, element: &Element) {
        for attribute in &element.attributes {
            self.error(
                "unknown-attribute",
                attribute.name_span.clone(),
                format!("<{}> has no attribute '{}'", element.name, attribute.name),
            );
        }
    }

    /// Checks the attributes of an element against their definitions: names, and presence of the required ones.
    pub fn check_attributes(
        &mut self,
        element: &Element,
        definitions: &[Attribute],
        is_policy: bool,
    ) {
        for attribute in &element.attributes {
            let known = definitions
                .iter()
                .any(|definition| definition.name == attribute.name)
                || (is_policy && attribute.name == "id");
            if !known {
                let mut diagnostic = Diagnostic::error(
                    "unknown-attribute",
                    format!("<{}> has no attribute '{}'", element.name, attribute.name),
                )
                .at(&self.file, attribute.name_span.clone());
                diagnostic.help = suggestion(
                    &attribute.name,
                    definitions.iter().map(|definition| definition.name),
                );
                self.report(diagnostic);
            }
        }
        for definition in definitions.iter().filter(|definition| definition.required) {
            if element.attribute(definition.name).is_none() {
                self.error(
                    "missing-attribute",
                    element.name_span.clone(),
                    format!(
                        "<{}> needs the attribute '{}'",
                        element.name, definition.name
                    ),
                );
            }
        }
    }

    pub(super) fn check_content(&mut self, element: &Element, content: Content) {
        match content {
            Content::Policies | Content::Free(_) | Content::Text(_) => {}
            Content::Empty => self.check_children(element, &[]),
            Content::Children(children) => self.check_children(element, children),
        }
    }

    /// Checks that an element has these children and no others, and no text.
    pub fn check_children(&mut self, element: &Element, children: &[Child]) {
        let mut counts = vec![0_usize; children.len()];
        for node in &element.children {
            match node {
                Node::Element(child) => {
                    let Some(at) = children.iter().position(|known| known.name == child.name)
                    else {
                        let mut diagnostic = Diagnostic::error(
                            "unknown-element",
                            format!("<{}> cannot contain <{}>", element.name, child.name),
                        )
                        .at(&self.file, child.name_span.clone());
                        diagnostic.help =
                            suggestion(&child.name, children.iter().map(|child| child.name));
                        self.report(diagnostic);
                        continue;
                    };
                    counts[at] += 1;
                    if counts[at] == children[at].max.saturating_add(1) {
                        self.error(
                            "too-many-elements",
                            child.name_span.clone(),
                            format!(
                                "<{}> may contain <{}> only {}",
                                element.name,
                                child.name,
                                if children[at].max == 1 {
                                    "once".to_owned()
                                } else {
                                    format!("{} times", children[at].max)
                                }
                            ),
                        );
                    }
                    // Children that are policies themselves bring their own definition.
                    let is_policy = registry::find(&child.name).is_some()
                        || registry::NOT_SUPPORTED.contains(&child.name.as_str());
                    if !is_policy || !children[at].attributes.is_empty() {
                        self.check_attributes(child, children[at].attributes, false);
                    }
                }
                Node::Text(text) if !text.is_blank() => {
                    let names: Vec<_> = children
                        .iter()
                        .map(|child| format!("'{}'", child.name))
                        .collect();
                    let mut message =
                        format!("The element '{}' cannot contain text.", element.name);
                    if !names.is_empty() {
                        message.push_str(&format!(
                            " List of possible elements expected: {}.",
                            names.join(", ")
                        ));
                    }
                    self.error("unexpected-text", place(text), message);
                }
                _ => {}
            }
        }
        for (child, count) in children.iter().zip(counts) {
            if count < child.min {
                self.error(
                    "missing-element",
                    element.name_span.clone(),
                    format!("<{}> needs <{}>", element.name, child.name),
                );
            }
        }
    }
}
