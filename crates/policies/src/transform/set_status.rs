//! `set-status`: sets status code and reason phrase of the response.

use std::sync::Arc;

use tidegate_pipeline::{
    Exchange, Failure, Mode, Outcome, Policy, PolicyError, Response, Sections,
};
use tidegate_policy_xml::Element;

use crate::compile::Compiler;
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting};

const CODE: Attribute =
    Attribute::new("code", Kind::Integer { min: 200, max: 599 }, "Status code.").required();
const REASON: Attribute = Attribute::new(
    "reason",
    Kind::Text,
    "Reason phrase; the standard one of the code when absent.",
);

/// `set-status`
pub static DEFINITION: Definition = Definition {
    name: "set-status",
    category: Category::Transformation,
    summary: "Sets status code and reason phrase of the response.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[CODE, REASON],
    content: Content::Empty,
    compile: |compiler, element| Some(Box::new(SetStatus::compile(compiler, element)?)),
};

/// A compiled `set-status`, also usable on a response that another policy builds.
pub(crate) struct SetStatus {
    code: Setting<i64>,
    reason: Option<Setting<Arc<str>>>,
}

impl SetStatus {
    pub(crate) fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Self> {
        let code = compiler.integer(element, &CODE);
        let reason = compiler.text(element, &REASON);
        Some(Self {
            code: code?,
            reason,
        })
    }

    pub(crate) fn needs(&self, needs: Needs) -> Needs {
        needs.and(&self.code).and_optional(&self.reason)
    }

    /// The status and reason phrase now.
    pub(crate) fn evaluate(
        &self,
        exchange: &mut Exchange,
    ) -> Result<(u16, Option<Arc<str>>), Failure> {
        let code = self.code.get(exchange)?;
        let status = u16::try_from(code)
            .ok()
            .filter(|status| (200..=599).contains(status))
            .ok_or_else(|| {
                PolicyError::expression(
                    DEFINITION.name,
                    format!("{code} is not a status code between 200 and 599"),
                )
            })?;
        let reason = match &self.reason {
            None => None,
            Some(setting) => {
                let text = setting.text(exchange)?;
                // A reason phrase travels on the status line: no control characters.
                let clean: String = text.chars().filter(|c| !c.is_control()).collect();
                (!clean.is_empty()).then(|| clean.into())
            }
        };
        Ok((status, reason))
    }
}

impl Policy for SetStatus {
    fn mode(&self) -> Mode {
        self.needs(Needs::default()).mode()
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let (status, reason) = self.evaluate(exchange)?;
        let response = exchange
            .response
            .get_or_insert_with(|| Response::new(status));
        response.status = status;
        response.reason = reason;
        Ok(Outcome::Continue)
    }
}
