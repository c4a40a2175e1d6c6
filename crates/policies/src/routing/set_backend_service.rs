//! `set-backend-service`: chooses the backend of the request.

use std::sync::Arc;

use tidegate_pipeline::{
    Backend, Exchange, Failure, Mode, Outcome, Policy, PolicyError, Scope, Sections, Target,
};
use tidegate_policy_xml::Element;
use tidegate_policy_xml::diagnostic::Diagnostic;

use crate::compile::{Compiler, suggestion};
use crate::definition::{Attribute, Category, Content, Definition, Kind, Scopes};
use crate::setting::{Needs, Setting};

const BASE_URL: Attribute = Attribute::new(
    "base-url",
    Kind::Url,
    "The new base URL; exactly one of `base-url` and `backend-id` is given.",
);
const BACKEND_ID: Attribute = Attribute::new(
    "backend-id",
    Kind::Text,
    "Resource name of a backend entity: a single one or a pool.",
);
const SERVICE_FABRIC: [&str; 5] = [
    "sf-resolve-condition",
    "sf-service-instance-name",
    "sf-partition-key",
    "sf-listener-name",
    "sf-replica-type",
];
const SF_SUMMARY: &str = "Service Fabric only; not supported outside Azure.";

/// `set-backend-service`
pub static DEFINITION: Definition = Definition {
    name: "set-backend-service",
    category: Category::Routing,
    summary: "Chooses the backend for the rest of the request; nothing is sent.",
    sections: Sections::INBOUND.and(Sections::BACKEND),
    scopes: Scopes::ALL,
    attributes: &[
        BASE_URL,
        BACKEND_ID,
        Attribute::new(SERVICE_FABRIC[0], Kind::Boolean, SF_SUMMARY),
        Attribute::new(SERVICE_FABRIC[1], Kind::Text, SF_SUMMARY),
        Attribute::new(SERVICE_FABRIC[2], Kind::Text, SF_SUMMARY),
        Attribute::new(SERVICE_FABRIC[3], Kind::Text, SF_SUMMARY),
        Attribute::new(SERVICE_FABRIC[4], Kind::Text, SF_SUMMARY),
    ],
    content: Content::Empty,
    compile,
};

enum Choice {
    Target(Arc<Target>),
    Url(Setting<Arc<str>>),
    Entity(Arc<Backend>),
    Id(Setting<Arc<str>>),
    /// The document is checked outside its service: the entity is not known here.
    Unresolved(Arc<str>),
}

struct SetBackendService {
    choice: Choice,
    scope: Scope,
}

fn compile(compiler: &mut Compiler<'_>, element: &Element) -> Option<Box<dyn Policy>> {
    for name in SERVICE_FABRIC {
        if let Some(attribute) = element.attribute(name) {
            compiler.error(
                "unsupported-attribute",
                attribute.span.clone(),
                format!("'{name}' needs Service Fabric, which is not supported outside Azure"),
            );
            return None;
        }
    }
    let url = element.attribute("base-url");
    let id = element.attribute("backend-id");
    let choice = match (url, id) {
        (Some(attribute), None) => match compiler.text(element, &BASE_URL)? {
            Setting::Constant(text) => match compiler.context().backends.bare_target(text.trim()) {
                Ok(target) => Choice::Target(target),
                Err(_) if compiler.has_unknown_placeholder(&attribute.value) => {
                    Choice::Unresolved(text)
                }
                Err(error) => {
                    compiler.invalid_value(&attribute.value, &error.to_string());
                    return None;
                }
            },
            expression => Choice::Url(expression),
        },
        (None, Some(attribute)) => match compiler.text(element, &BACKEND_ID)? {
            Setting::Constant(text) => {
                let name = text.trim();
                let context = compiler.context();
                if let Some(backend) = context.backends.get(name) {
                    Choice::Entity(backend.clone())
                } else {
                    let shown = compiler.shown(&attribute.value, name);
                    let message = format!("Backend with id '{shown}' could not be found.");
                    let lenient = context.allow_unknown_references;
                    let help = suggestion(name, context.backends.iter().map(|b| &*b.id));
                    let mut diagnostic = if lenient {
                        Diagnostic::warning("unknown-backend", message)
                    } else {
                        Diagnostic::error("unknown-backend", message)
                    }
                    .at(compiler.file(), attribute.value.span());
                    diagnostic.help = help;
                    compiler.report(diagnostic);
                    if !lenient {
                        return None;
                    }
                    Choice::Unresolved(text)
                }
            }
            expression => Choice::Id(expression),
        },
        _ => {
            compiler.error(
                "invalid-attributes",
                element.name_span.clone(),
                "<set-backend-service> needs exactly one of 'base-url' and 'backend-id'",
            );
            return None;
        }
    };
    Some(Box::new(SetBackendService {
        choice,
        scope: compiler.scope(),
    }))
}

impl Policy for SetBackendService {
    fn mode(&self) -> Mode {
        match &self.choice {
            Choice::Url(setting) | Choice::Id(setting) => Needs::default().and(setting).mode(),
            Choice::Target(_) | Choice::Entity(_) | Choice::Unresolved(_) => Mode::Immediate,
        }
    }

    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure> {
        let target = match &self.choice {
            Choice::Target(target) => target.clone(),
            Choice::Url(setting) => {
                let text = setting.text(exchange)?;
                exchange
                    .runtime
                    .backends
                    .bare_target(text.trim())
                    .map_err(|error| PolicyError::expression(DEFINITION.name, error.to_string()))?
            }
            Choice::Entity(backend) => {
                exchange.backend.set_entity(backend.clone(), self.scope);
                exchange.url_changed();
                return Ok(Outcome::Continue);
            }
            Choice::Id(setting) => {
                let text = setting.text(exchange)?;
                let backend = exchange.runtime.backends.get(text.trim()).cloned();
                let backend = backend.ok_or_else(|| not_found(&text))?;
                exchange.backend.set_entity(backend, self.scope);
                exchange.url_changed();
                return Ok(Outcome::Continue);
            }
            Choice::Unresolved(name) => return Err(not_found(name).into()),
        };
        let always = exchange.runtime.base_url_overrides_inherited_backend;
        if exchange.backend.set_bare(target, self.scope, always) {
            exchange.url_changed();
        } else {
            exchange.trace_message(
                DEFINITION.name,
                "base-url ignored: a document of a broader scope has set a backend-id",
                Vec::new(),
            );
        }
        Ok(Outcome::Continue)
    }
}

fn not_found(name: &str) -> PolicyError {
    PolicyError::new(
        DEFINITION.name,
        Some("BackendNotFound"),
        format!("Backend with id '{name}' could not be found."),
    )
}
