//! From a policy document to programs.
//!
//! A document goes in as a tree with spans; what comes out are statements in their final form, with every named
//! value substituted, every constant converted and every expression compiled. All problems of a document are
//! collected; a document with an error yields nothing that could run.

mod checks;
mod expressions;
mod values;

pub use self::expressions::{ExpressionCount, count_expressions};

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use tidegate_pipeline::{Backends, Position, Scope, Section, Step, StepInfo, Steps};
use tidegate_policy_xml::diagnostic::{Diagnostic, SourceFile};
use tidegate_policy_xml::{Document, Element, NamedValue, Node, Placeholder, Text, did_you_mean};

use crate::definition::Definition;
use crate::registry;

/// What documents may refer to.
pub struct Context<'a> {
    /// Named values by display name.
    pub named_values: &'a HashMap<String, NamedValue>,
    /// Fragments by name.
    pub fragments: &'a HashMap<String, Arc<Document>>,
    /// Backend entities.
    pub backends: &'a Backends,
    /// How expressions are checked and bounded.
    pub expressions: tidegate_expressions::Options,
    /// Unknown named values are left alone (checking a document outside its service).
    pub allow_unknown_named_values: bool,
    /// Unknown backends and fragments are warnings (checking a document outside its service).
    pub allow_unknown_references: bool,
    /// Names of the parameters of the operation's URL template, when the document belongs to one.
    pub template_parameters: Option<&'a [Arc<str>]>,
}

impl Context<'_> {
    /// Whether a placeholder of a text names a known named value.
    fn knows(&self, placeholder: &Placeholder) -> bool {
        self.named_values.contains_key(placeholder.name.as_str())
    }
}

/// A compiled policy document: its sections, with the places of `<base />` still open.
#[derive(Debug, Default)]
pub struct CompiledDocument {
    sections: [Option<Vec<Item>>; 4],
}

#[derive(Debug)]
enum Item {
    Base,
    Step(Arc<Step>),
}

/// Compiles a policy document of a scope.
pub fn compile_document(
    document: &Document,
    scope: Scope,
    context: &Context<'_>,
) -> (CompiledDocument, Vec<Diagnostic>) {
    let mut compiler = Compiler::new(&document.file, scope, context);
    let compiled = compiler.document(document);
    (compiled, compiler.diagnostics)
}

/// Checks a policy fragment on its own, as if it were included in `section`.
pub fn check_fragment(document: &Document, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut compiler = Compiler::new(&document.file, Scope::Global, context);
    compiler.any_section = true;
    compiler.fragment_body(document);
    compiler.diagnostics
}

/// Splices the documents of all scopes, broad to narrow, into one program.
pub fn link(documents: &[&CompiledDocument]) -> tidegate_pipeline::Program {
    let section = |index: usize| -> Steps {
        let mut result = Steps::new();
        for document in documents {
            let mut expanded = Steps::new();
            for item in document.sections[index].iter().flatten() {
                match item {
                    Item::Base => expanded.extend(result.iter().cloned()),
                    Item::Step(step) => expanded.push(step.clone()),
                }
            }
            result = expanded;
        }
        result
    };
    tidegate_pipeline::Program::new(section(0), section(1), section(2), section(3))
}

/// The document APIM has at global scope when nobody wrote one.
pub const DEFAULT_GLOBAL_DOCUMENT: &str = "<policies>\n    <inbound />\n    <backend>\n        <forward-request />\n    </backend>\n    <outbound />\n    <on-error />\n</policies>\n";

/// Deepest nesting of statements.
const MAX_DEPTH: usize = 64;

/// Compiles the statements of one document.
pub struct Compiler<'a> {
    file: Arc<SourceFile>,
    scope: Scope,
    section: Section,
    any_section: bool,
    path: Vec<String>,
    fragments: Vec<String>,
    diagnostics: Vec<Diagnostic>,
    context: &'a Context<'a>,
    source: &'static str,
    policy_id: Option<Arc<str>>,
    /// Policies that may stand only once in a section and have been seen in this one.
    once: Vec<&'static str>,
    /// How many `retry` statements are around the current one: bodies sent inside must be kept for the next attempt.
    pub(crate) retries: usize,
}

impl<'a> Compiler<'a> {
    fn new(file: &Arc<SourceFile>, scope: Scope, context: &'a Context<'a>) -> Self {
        Self {
            file: file.clone(),
            scope,
            section: Section::Inbound,
            any_section: false,
            path: Vec::new(),
            fragments: Vec::new(),
            diagnostics: Vec::new(),
            context,
            source: "",
            policy_id: None,
            once: Vec::new(),
            retries: 0,
        }
    }

    /// What the document may refer to.
    pub fn context(&self) -> &Context<'a> {
        self.context
    }

    /// Scope of the document.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Section being compiled.
    pub fn section(&self) -> Section {
        self.section
    }

    /// The text being compiled.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// Reports an error at `range`.
    pub fn error(&mut self, code: &'static str, range: Range<usize>, message: impl Into<String>) {
        let file = self.file.clone();
        self.report(Diagnostic::error(code, message).at(&file, range));
    }

    /// Reports a warning at `range`.
    pub fn warning(&mut self, code: &'static str, range: Range<usize>, message: impl Into<String>) {
        let file = self.file.clone();
        self.report(Diagnostic::warning(code, message).at(&file, range));
    }

    /// Reports a finding.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The place of the statement being compiled, or of what is nested in it, as `context.LastError` shows it.
    pub fn position(&self) -> Position {
        Position {
            scope: self.scope,
            section: self.section,
            path: self.path.join("/").into(),
            policy_id: self.policy_id.clone(),
        }
    }

    /// For policies that may stand only once in a section: reports a second one.
    pub fn once_in_section(&mut self, element: &Element, definition: &Definition) {
        if self.once.contains(&definition.name) {
            self.error(
                "duplicate-policy",
                element.name_span.clone(),
                format!(
                    "<{}> may stand only once in <{}>",
                    definition.name,
                    self.section.as_str()
                ),
            );
        }
        self.once.push(definition.name);
    }

    fn document(&mut self, document: &Document) -> CompiledDocument {
        let root = &document.root;
        let mut compiled = CompiledDocument::default();
        if root.name != "policies" {
            self.error(
                "unexpected-root",
                root.name_span.clone(),
                format!(
                    "a policy document begins with <policies>, not <{}>",
                    root.name
                ),
            );
            return compiled;
        }
        self.no_attributes(root);
        for node in &root.children {
            let element = match node {
                Node::Element(element) => element,
                Node::Text(text) if !text.is_blank() => {
                    self.error(
                        "unexpected-text",
                        place(text),
                        "text is not allowed between the sections",
                    );
                    continue;
                }
                _ => continue,
            };
            let Some(section) = Section::ALL
                .into_iter()
                .find(|section| section.as_str() == element.name)
            else {
                let help = if registry::find(&element.name).is_some() {
                    Some(
                        "policies stand inside <inbound>, <backend>, <outbound> or <on-error>"
                            .to_owned(),
                    )
                } else {
                    suggestion(
                        &element.name,
                        Section::ALL.iter().map(|section| section.as_str()),
                    )
                };
                let mut diagnostic = Diagnostic::error(
                    "unknown-section",
                    format!("<{}> is not a section of a policy document", element.name),
                )
                .at(&self.file, element.name_span.clone());
                diagnostic.help = help;
                self.report(diagnostic);
                continue;
            };
            let index = Section::ALL.iter().position(|s| *s == section).unwrap_or(0);
            if compiled.sections[index].is_some() {
                self.error(
                    "duplicate-section",
                    element.name_span.clone(),
                    format!("section <{}> stands here a second time", element.name),
                );
                continue;
            }
            self.no_attributes(element);
            compiled.sections[index] = Some(self.section_items(section, element));
        }
        for (index, section) in Section::ALL.into_iter().enumerate() {
            let missing = compiled.sections[index].is_none();
            if missing && section == Section::Backend {
                self.warning(
                    "missing-section",
                    root.name_span.clone(),
                    "the document has no <backend> section, so nothing is inherited and the request is never forwarded",
                );
            }
        }
        compiled
    }

    fn section_items(&mut self, section: Section, element: &Element) -> Vec<Item> {
        self.section = section;
        self.path.clear();
        self.once.clear();
        let mut items = Vec::new();
        let mut has_base = false;
        let mut positions = HashMap::new();
        for node in &element.children {
            match node {
                Node::Element(child) if child.name == "base" => {
                    if has_base {
                        self.error(
                            "duplicate-base",
                            child.name_span.clone(),
                            "<base /> may stand only once in a section",
                        );
                    }
                    has_base = true;
                    self.no_attributes(child);
                    if self.scope == Scope::Global {
                        self.warning(
                            "base-without-effect",
                            child.name_span.clone(),
                            "<base /> has no effect at global scope",
                        );
                    } else {
                        items.push(Item::Base);
                    }
                }
                Node::Element(child) => {
                    self.statement(child, &mut positions, &mut |step| {
                        items.push(Item::Step(step));
                    });
                }
                Node::Text(text) if !text.is_blank() => {
                    self.stray_text(element, text);
                }
                _ => {}
            }
        }
        let direct: usize = positions.values().sum();
        if section == Section::Backend && direct + usize::from(has_base) > 1 {
            self.warning(
                "several-backend-policies",
                element.name_span.clone(),
                "API Management accepts only one policy directly in <backend>; these run in order",
            );
        }
        items
    }

    fn stray_text(&mut self, element: &Element, text: &Text) {
        self.error(
            "unexpected-text",
            place(text),
            format!("The element '{}' cannot contain text.", element.name),
        );
    }

    /// Compiles the children of a policy that holds statements (`when`, `retry`, …).
    pub fn statements(&mut self, element: &Element) -> Steps {
        let mut steps = Steps::new();
        let mut positions = HashMap::new();
        for node in &element.children {
            match node {
                Node::Element(child) if child.name == "base" => {
                    self.error(
                        "nested-base",
                        child.name_span.clone(),
                        "<base /> may stand only directly in a section",
                    );
                }
                Node::Element(child) => {
                    self.statement(child, &mut positions, &mut |step| steps.push(step));
                }
                Node::Text(text) if !text.is_blank() => self.stray_text(element, text),
                _ => {}
            }
        }
        steps
    }

    /// Compiles something whose statements are nested under `segment` of the path.
    pub fn nested<R>(&mut self, segment: String, compile: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(segment);
        let result = compile(self);
        self.path.pop();
        result
    }

    fn statement(
        &mut self,
        element: &Element,
        positions: &mut HashMap<String, usize>,
        push: &mut dyn FnMut(Arc<Step>),
    ) {
        let position = positions.entry(element.name.clone()).or_insert(0);
        *position += 1;
        let segment = format!("{}[{position}]", element.name);
        let Some(definition) = registry::find(&element.name) else {
            self.unknown_policy(element);
            return;
        };
        if self.path.len() >= MAX_DEPTH {
            self.error(
                "too-deep",
                element.name_span.clone(),
                format!("statements are nested more than {MAX_DEPTH} deep"),
            );
            return;
        }
        if !(self.any_section || definition.sections.contains(self.section)) {
            self.error(
                "wrong-section",
                element.name_span.clone(),
                format!(
                    "Policy section is not allowed in the specified scope: <{}> cannot be used in <{}>",
                    element.name,
                    self.section.as_str()
                ),
            );
        }
        if !(self.any_section || definition.scopes.contains(self.scope)) {
            self.error(
                "wrong-scope",
                element.name_span.clone(),
                format!(
                    "Policy section is not allowed in the specified scope: <{}> cannot be used at {} scope",
                    element.name,
                    self.scope.as_str()
                ),
            );
        }
        self.path.push(segment);
        let policy_id = element
            .attribute("id")
            .and_then(|attribute| self.resolve(&attribute.value))
            .map(|resolved| Arc::from(resolved.text()));
        let outer = std::mem::replace(&mut self.source, definition.name);
        let outer_id = std::mem::replace(&mut self.policy_id, policy_id.clone());
        self.check_attributes(element, definition.attributes, true);
        self.check_content(element, definition.content);
        let policy = (definition.compile)(self, element);
        self.source = outer;
        self.policy_id = outer_id;
        let path: Arc<str> = self.path.join("/").into();
        self.path.pop();
        if let Some(policy) = policy {
            let (line, _) = self.file.line_column(element.span.start);
            push(Arc::new(Step::new(
                StepInfo {
                    name: definition.name,
                    policy_id,
                    scope: self.scope,
                    section: self.section,
                    path,
                    place: Some((Arc::from(self.file.name()), line)),
                },
                policy,
            )));
        }
    }

    /// Compiles the statements of a fragment in place of `<include-fragment>`.
    pub fn include(&mut self, name: &str, document: &Arc<Document>) -> Steps {
        let outer_file = std::mem::replace(&mut self.file, document.file.clone());
        self.fragments.push(name.to_owned());
        let steps = self.fragment_body(document);
        self.fragments.pop();
        self.file = outer_file;
        steps
    }

    /// Whether a fragment is being compiled, and which.
    pub fn in_fragment(&self) -> Option<&str> {
        self.fragments.last().map(String::as_str)
    }

    fn fragment_body(&mut self, document: &Document) -> Steps {
        let root = &document.root;
        if root.name != "fragment" {
            self.error(
                "unexpected-root",
                root.name_span.clone(),
                format!(
                    "a policy fragment begins with <fragment>, not <{}>",
                    root.name
                ),
            );
            return Steps::new();
        }
        self.no_attributes(root);
        self.statements(root)
    }

    /// Compiles a child element that is itself a policy (as `set-header` in `send-request`), with its definition.
    pub fn child_policy<R>(
        &mut self,
        element: &Element,
        definition: &'static Definition,
        compile: impl FnOnce(&mut Self) -> Option<R>,
    ) -> Option<R> {
        self.check_attributes(element, definition.attributes, true);
        self.check_content(element, definition.content);
        compile(self)
    }
}

/// Where a text stands, without the white space around it.
fn place(text: &Text) -> Range<usize> {
    let lead = text.value().len() - text.value().trim_start().len();
    text.source_range(lead..lead + text.value().trim().len())
}

/// The help text for a name nobody knows.
pub(crate) fn suggestion<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    did_you_mean(name, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}
