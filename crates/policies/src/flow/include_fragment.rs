//! `include-fragment`: the statements of a fragment, as if they were typed here.

use tidegate_pipeline::{
    Exchange, Failure, LocalBoxFuture, Mode, Outcome, Policy, PolicyError, Preflight, Sections,
    Steps, run_now, run_steps,
};
use tidegate_policy_xml::Element;
use tidegate_policy_xml::diagnostic::Diagnostic;

use crate::compile::{Compiler, suggestion};
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::flow::all_immediate;

const FRAGMENT_ID: Attribute = Attribute::new(
    "fragment-id",
    Kind::Text,
    "Resource name of the policy fragment.",
)
.required()
.literal();

/// `include-fragment`
pub static DEFINITION: Definition = Definition {
    name: "include-fragment",
    category: Category::Flow,
    summary: "Runs the statements of a policy fragment in place of this one.",
    sections: Sections::ALL,
    scopes: Scopes::ALL,
    attributes: &[FRAGMENT_ID],
    content: Content::Empty,
    compile,
};

struct IncludeFragment {
    steps: Steps,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    let id = compiler.literal(element, &FRAGMENT_ID)?;
    let attribute = element.attribute("fragment-id")?;
    if let Some(outer) = compiler.in_fragment() {
        let shown = compiler.shown(&attribute.value, &id);
        let message =
            format!("a fragment cannot include another fragment: '{outer}' includes '{shown}'");
        compiler.error("nested-fragment", attribute.span.clone(), message);
        return None;
    }
    let fragments = compiler.context().fragments;
    let found = fragments
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&id))
        .map(|(_, document)| document.clone());
    let Some(document) = found else {
        let shown = compiler.shown(&attribute.value, &id);
        let message = format!("policy fragment '{shown}' does not exist");
        let mut diagnostic = if compiler.context().allow_unknown_references {
            Diagnostic::warning("unknown-fragment", message)
        } else {
            Diagnostic::error("unknown-fragment", message)
        }
        .at(compiler.file(), attribute.value.span());
        diagnostic.help = suggestion(&id, fragments.keys().map(String::as_str));
        compiler.report(diagnostic);
        return None;
    };
    let steps = compiler.include(&id, &document);
    Some(Box::new(IncludeFragment { steps }))
}

impl Policy for IncludeFragment {
    fn mode(&self) -> Mode {
        if all_immediate(&self.steps) {
            Mode::Immediate
        } else {
            Mode::Waiting
        }
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        run_now(&self.steps, exchange)
    }

    fn start<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move { Ok(run_steps(&self.steps, exchange).await?) })
    }

    fn preflight(&self) -> Option<&dyn Preflight> {
        let any = self.steps.iter().any(|step| step.preflight().is_some());
        any.then_some(self)
    }
}

/// A `cors` in the fragment counts as if it were typed in place of the inclusion.
impl Preflight for IncludeFragment {
    fn answer(&self, exchange: &mut Exchange) -> Result<bool, PolicyError> {
        for preflight in self.steps.iter().filter_map(|step| step.preflight()) {
            if preflight.answer(exchange)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
