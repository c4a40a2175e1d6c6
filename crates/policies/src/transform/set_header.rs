//! `set-header`: sets, appends to or deletes a header.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tidegate_pipeline::{Exchange, Failure, Mode, Outcome, Policy, PolicyError, Sections};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Child, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting};
use crate::transform::message::{
    header_value, headers_of_section, is_restricted, keeps_lines_apart,
};

const NAME: Attribute = Attribute::new("name", Kind::Text, "Name of the header.").required();
/// What to do when the header is there already.
pub(crate) const EXISTS_ACTION: Attribute = Attribute::new(
    "exists-action",
    Kind::Enumeration(&["override", "skip", "append", "delete"]),
    "What to do when it exists: replace it, leave it, add to it, or remove it.",
)
.default("override");

/// `set-header`
pub static DEFINITION: Definition = Definition {
    name: "set-header",
    category: Category::Transformation,
    summary: "Sets, appends to or deletes a header of the request or the response.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[NAME, EXISTS_ACTION],
    content: Content::Children(&[Child::new(
        "value",
        0,
        usize::MAX,
        "A value; several are joined with commas where the header allows it.",
    )]),
    compile: |compiler, element| Some(Box::new(SetHeader::compile(compiler, element)?)),
};

/// What to do when a header or parameter exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExistsAction {
    Override,
    Skip,
    Append,
    Delete,
}

impl ExistsAction {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "override" => Some(Self::Override),
            "skip" => Some(Self::Skip),
            "append" => Some(Self::Append),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }
}

/// An `exists-action` known at load, or given by an expression.
pub(crate) enum Action {
    Constant(ExistsAction),
    Expression(Setting<Arc<str>>),
}

impl Action {
    pub(crate) fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Self> {
        Some(match compiler.text(element, &EXISTS_ACTION)? {
            Setting::Constant(text) => Action::Constant(ExistsAction::parse(&text)?),
            expression => Action::Expression(expression),
        })
    }

    pub(crate) fn get(
        &self,
        exchange: &mut Exchange,
        source: &'static str,
    ) -> Result<ExistsAction, Failure> {
        match self {
            Action::Constant(action) => Ok(*action),
            Action::Expression(setting) => {
                let Some(text) = setting.get_optional(exchange)? else {
                    return Ok(ExistsAction::Override);
                };
                ExistsAction::parse(&text).ok_or_else(|| {
                    PolicyError::expression(
                        source,
                        format!("'{}' is not a valid exists-action", &*text),
                    )
                    .into()
                })
            }
        }
    }

    pub(crate) fn needs(&self, needs: Needs) -> Needs {
        match self {
            Action::Constant(_) => needs,
            Action::Expression(setting) => needs.and(setting),
        }
    }
}

enum Name {
    Constant(HeaderName),
    Expression(Setting<Arc<str>>),
}

/// A header value that was checked at load, or an expression.
enum ValueSetting {
    Constant(HeaderValue),
    Expression(Setting<Arc<str>>),
}

/// A compiled `set-header`, also usable on a message that another policy builds.
pub(crate) struct SetHeader {
    name: Name,
    action: Action,
    values: Vec<ValueSetting>,
}

impl SetHeader {
    pub(crate) fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Self> {
        let name = compiler.text(element, &NAME);
        let action = Action::compile(compiler, element);
        let mut values = Vec::new();
        let mut complete = true;
        for child in element.elements().filter(|child| child.name == "value") {
            match compiler.content_text(child, true) {
                Some(Setting::Constant(text)) => match header_value(&text) {
                    Some(value) => values.push(ValueSetting::Constant(value)),
                    None => {
                        compiler.error(
                            "invalid-value",
                            child.span.clone(),
                            "the value holds a line break or another control character",
                        );
                        complete = false;
                    }
                },
                Some(expression) => values.push(ValueSetting::Expression(expression)),
                None => complete = false,
            }
        }
        let name = match name? {
            Setting::Constant(text) => match HeaderName::from_bytes(text.trim().as_bytes()) {
                Ok(name) => {
                    if is_restricted(&name) {
                        compiler.warning(
                            "restricted-header",
                            element.span.start..element.name_span.end,
                            format!("header '{name}' is set by the gateway; this statement has no effect"),
                        );
                    }
                    Name::Constant(name)
                }
                Err(_) => {
                    let reason = format!("'{text}' is not a valid header name");
                    compiler.invalid_value(&element.attribute("name")?.value, &reason);
                    return None;
                }
            },
            expression => Name::Expression(expression),
        };
        let action = action?;
        let deletes = matches!(action, Action::Constant(ExistsAction::Delete));
        if values.is_empty() && complete && !deletes {
            compiler.error(
                "missing-element",
                element.name_span.clone(),
                "<set-header> needs <value>, unless exists-action is 'delete'",
            );
            return None;
        }
        complete.then_some(Self {
            name,
            action,
            values,
        })
    }

    pub(crate) fn needs(&self, needs: Needs) -> Needs {
        let mut needs = self.action.needs(needs);
        if let Name::Expression(setting) = &self.name {
            needs = needs.and(setting);
        }
        for value in &self.values {
            if let ValueSetting::Expression(setting) = value {
                needs = needs.and(setting);
            }
        }
        needs
    }

    /// Evaluates everything against the exchange; the result is applied without further evaluation.
    /// `exists` says whether the message has the header now.
    pub(crate) fn evaluate(
        &self,
        exchange: &mut Exchange,
        exists: impl FnOnce(&mut Exchange, &HeaderName) -> bool,
    ) -> Result<Change, Failure> {
        let name = match &self.name {
            Name::Constant(name) => name.clone(),
            Name::Expression(setting) => {
                let text = setting.text(exchange)?;
                HeaderName::from_bytes(text.trim().as_bytes()).map_err(|_| {
                    PolicyError::expression(
                        DEFINITION.name,
                        format!("'{}' is not a valid header name", &*text),
                    )
                })?
            }
        };
        let action = self.action.get(exchange, DEFINITION.name)?;
        let mut change = Change {
            name,
            action,
            values: Vec::new(),
        };
        if is_restricted(&change.name)
            || action == ExistsAction::Delete
            || (action == ExistsAction::Skip && exists(exchange, &change.name))
        {
            return Ok(change);
        }
        change.values.reserve_exact(self.values.len());
        for value in &self.values {
            let value = match value {
                ValueSetting::Constant(value) => value.clone(),
                ValueSetting::Expression(setting) => {
                    let text = setting.text(exchange)?;
                    header_value(&text).ok_or_else(|| {
                        PolicyError::expression(
                            DEFINITION.name,
                            format!(
                                "the value of header '{}' holds a line break or another control character",
                                change.name
                            ),
                        )
                    })?
                }
            };
            change.values.push(value);
        }
        Ok(change)
    }
}

/// An evaluated `set-header`.
pub(crate) struct Change {
    name: HeaderName,
    action: ExistsAction,
    values: Vec<HeaderValue>,
}

impl Change {
    pub(crate) fn apply(mut self, headers: &mut HeaderMap) {
        if is_restricted(&self.name) {
            return;
        }
        match self.action {
            ExistsAction::Delete => {
                if self.name != header::SERVER {
                    headers.remove(&self.name);
                }
                return;
            }
            ExistsAction::Skip if headers.contains_key(&self.name) => return,
            ExistsAction::Override if self.values.len() == 1 => {
                if let Some(value) = self.values.pop() {
                    headers.insert(self.name, value);
                }
                return;
            }
            ExistsAction::Override => {
                headers.remove(&self.name);
            }
            ExistsAction::Append | ExistsAction::Skip => {}
        }
        if keeps_lines_apart(&self.name) {
            for value in self.values {
                headers.append(self.name.clone(), value);
            }
            return;
        }
        let mut joined: Vec<u8> = Vec::new();
        let old: Vec<HeaderValue> = headers.get_all(&self.name).iter().cloned().collect();
        for value in old.iter().chain(&self.values) {
            if !joined.is_empty() {
                joined.push(b',');
            }
            joined.extend_from_slice(value.as_bytes());
        }
        // Valid values joined by a comma are a valid value.
        if let Ok(value) = HeaderValue::from_bytes(&joined) {
            headers.insert(self.name, value);
        }
    }
}

impl Policy for SetHeader {
    fn mode(&self) -> Mode {
        self.needs(Needs::default()).mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let change = self.evaluate(exchange, |exchange, name| {
            headers_of_section(exchange).0.contains_key(name)
        })?;
        if is_restricted(&change.name) {
            exchange.trace_message(
                DEFINITION.name,
                &format!(
                    "header '{}' is set by the gateway; nothing done",
                    change.name
                ),
                Vec::new(),
            );
            return Ok(Outcome::Continue);
        }
        let sets_host = change.name == header::HOST && !change.values.is_empty();
        let (headers, is_request) = headers_of_section(exchange);
        change.apply(headers);
        if is_request && sets_host {
            exchange.request.host_overridden = true;
        }
        Ok(Outcome::Continue)
    }
}
