//! `tidegate check`: finds everything that is wrong with configurations and policy documents, without serving.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use tidegate_gateway::Compiled;
use tidegate_model::LoadOptions;
use tidegate_pipeline::{Backends, Scope};
use tidegate_policies::{
    Context, ExpressionCount, check_fragment, compile_document, count_expressions,
};
use tidegate_policy_xml::diagnostic::Diagnostic;
use tidegate_policy_xml::source_from_bytes;

use super::{NamedValues, count, probe, summary};

/// Arguments of `tidegate check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    tidegate check examples/challenge/variant-a\n  \
    tidegate check --allow-unknown-named-values policies/*.xml\n  \
    tidegate check --format json ./apim-extract\n  \
    tidegate check --strict ./apim-extract\n  \
    tidegate check --probe --deployment gpt-35-turbo ./apim-extract\n\n\
    Exit status: 0 without errors, 1 with errors.")]
pub struct Arguments {
    /// Configurations (a tidegate.yaml, a folder that holds one, an APIOps extract), policy documents, or folders in which
    /// these are looked for.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Accept named values that are not defined.
    #[arg(long)]
    allow_unknown_named_values: bool,
    /// Accept only the types and members that API Management documents in expressions, whatever the configuration says.
    #[arg(long)]
    strict: bool,
    /// Call each backend once for each deployment and say which does not answer. Backends that expressions choose are
    /// found by running the policies with nobody at the other end.
    #[arg(long)]
    probe: bool,
    /// Deployment to probe; may be given several times.
    #[arg(long = "deployment", value_name = "NAME", requires = "probe",
          default_values_t = ["gpt-35-turbo".to_owned(), "text-embedding-ada-002".to_owned()])]
    deployments: Vec<String>,
    #[command(flatten)]
    named_values: NamedValues,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As a compiler does, on stderr.
    Human,
    /// One JSON object a line, on stdout.
    Json,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> ExitCode {
    let mut diagnostics = Vec::new();
    let mut services = Vec::new();
    let mut found = Found::default();
    for path in &arguments.paths {
        check_path(
            path,
            &arguments,
            &mut diagnostics,
            &mut services,
            &mut found,
        );
    }
    if arguments.probe && !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(probe::run(&services, &arguments.deployments));
    }
    print(&diagnostics, arguments.format);
    if found.documents > 0 {
        let _ = writeln!(std::io::stderr(), "check: {found}");
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// What policy documents outside a configuration held.
#[derive(Default)]
struct Found {
    documents: usize,
    expressions: ExpressionCount,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} with {}, of which {} not compile",
            count(self.documents, "policy document"),
            count(self.expressions.all, "expression"),
            match self.expressions.wrong {
                1 => "1 does".to_owned(),
                wrong => format!("{wrong} do"),
            }
        )
    }
}

fn print(diagnostics: &[Diagnostic], format: Format) {
    match format {
        Format::Human => {
            super::print_diagnostics(diagnostics);
            let _ = writeln!(std::io::stderr(), "check: {}", summary(diagnostics));
        }
        Format::Json => {
            let mut stdout = std::io::stdout().lock();
            for diagnostic in diagnostics {
                let _ = writeln!(stdout, "{}", tidegate_policy_xml::to_json(diagnostic));
            }
        }
    }
}

fn check_path(
    path: &Path,
    arguments: &Arguments,
    diagnostics: &mut Vec<Diagnostic>,
    services: &mut Vec<Compiled>,
    found: &mut Found,
) {
    if !path.exists() {
        diagnostics.push(Diagnostic::error(
            "not-found",
            format!("{} does not exist", path.display()),
        ));
        return;
    }
    if is_document(path) {
        check_documents(&[path.to_owned()], arguments, diagnostics, found);
    } else if path.is_dir() && !tidegate_model::is_configuration(path) {
        let mut folder = Folder::default();
        folder.search(path, 0);
        if folder.documents.is_empty() && folder.configurations.is_empty() {
            diagnostics.push(Diagnostic::error(
                "nothing-to-check",
                format!(
                    "{} holds neither a configuration nor policy documents",
                    path.display()
                ),
            ));
        }
        for configuration in &folder.configurations {
            check_configuration(configuration, arguments, diagnostics, services);
        }
        check_documents(&folder.documents, arguments, diagnostics, found);
    } else {
        check_configuration(path, arguments, diagnostics, services);
    }
}

fn is_document(path: &Path) -> bool {
    path.is_file()
        && path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("xml"))
}

fn check_configuration(
    path: &Path,
    arguments: &Arguments,
    diagnostics: &mut Vec<Diagnostic>,
    services: &mut Vec<Compiled>,
) {
    let options = LoadOptions {
        named_values: arguments.named_values.named_values.clone(),
        allow_unknown_named_values: arguments.allow_unknown_named_values,
        ..LoadOptions::from_process_environment()
    };
    let loaded = tidegate_model::load(path, &options);
    diagnostics.extend(loaded.diagnostics);
    if let Some(mut service) = loaded.service {
        service.gateway.strict_expressions |= arguments.strict;
        let (compiled, findings) = Compiled::check(service, arguments.allow_unknown_named_values);
        diagnostics.extend(findings);
        services.extend(compiled);
    }
}

/// Deepest folder that is searched.
const MAX_FOLDER_DEPTH: usize = 16;

/// What a folder holds to check.
#[derive(Default)]
struct Folder {
    /// Folders that are configurations; their documents are checked as parts of them.
    configurations: Vec<PathBuf>,
    /// Documents that belong to none.
    documents: Vec<PathBuf>,
    /// Folders searched so far, without links in their paths.
    searched: HashSet<PathBuf>,
}

impl Folder {
    /// Searches a folder in the order of names. Links are followed, each folder is searched once.
    fn search(&mut self, folder: &Path, depth: usize) {
        let is_new = folder
            .canonicalize()
            .is_ok_and(|folder| self.searched.insert(folder));
        if !is_new || depth > MAX_FOLDER_DEPTH {
            return;
        }
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
            .map(|entry| entry.path())
            .collect();
        paths.sort();
        for path in paths {
            if is_document(&path) {
                self.documents.push(path);
            } else if path.is_dir() && tidegate_model::is_configuration(&path) {
                self.configurations.push(path);
            } else if path.is_dir() {
                self.search(&path, depth + 1);
            }
        }
    }
}

/// Bytes of a document that are read; the reader takes less.
const MAX_DOCUMENT_BYTES: u64 = 16 * 1024 * 1024;

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_DOCUMENT_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Checks documents outside any service: what they refer to cannot be known, so unknown backends and fragments are
/// warnings. Fragments among the documents are known to each other by file and folder name.
fn check_documents(
    paths: &[PathBuf],
    arguments: &Arguments,
    diagnostics: &mut Vec<Diagnostic>,
    found: &mut Found,
) {
    let mut policies = Vec::new();
    let mut fragments = HashMap::new();
    for path in paths {
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                diagnostics.push(Diagnostic::error(
                    "not-readable",
                    format!("{} cannot be read: {error}", path.display()),
                ));
                continue;
            }
        };
        let file = match source_from_bytes(&path.display().to_string(), &bytes) {
            Ok(file) => file,
            Err(problem) => {
                diagnostics.push(*problem);
                continue;
            }
        };
        let parsed = tidegate_policy_xml::parse(&file);
        diagnostics.extend(parsed.diagnostics);
        let Some(document) = parsed.document else {
            continue;
        };
        if document.root.name == "fragment" {
            fragments.insert(fragment_name(path), Arc::new(document));
        } else {
            policies.push(document);
        }
    }
    let named_values = arguments
        .named_values
        .map()
        .into_iter()
        .map(|(name, value)| {
            let value = tidegate_policy_xml::NamedValue {
                text: value.into(),
                secret: true,
            };
            (name, value)
        })
        .collect();
    let backends = Backends::none();
    let context = Context {
        named_values: &named_values,
        fragments: &fragments,
        backends: &backends,
        expressions: tidegate_expressions::Options {
            strict: arguments.strict,
            ..tidegate_expressions::Options::default()
        },
        allow_unknown_named_values: arguments.allow_unknown_named_values,
        allow_unknown_references: true,
        template_parameters: None,
    };
    let mut seen = HashSet::new();
    let mut report = |findings: Vec<Diagnostic>| {
        for finding in findings {
            let place = finding
                .place
                .as_ref()
                .map(|place| (place.file.name().to_owned(), place.range.clone()));
            if seen.insert((finding.code, place, finding.message.clone())) {
                diagnostics.push(finding);
            }
        }
    };
    found.documents += policies.len() + fragments.len();
    for document in policies
        .iter()
        .chain(fragments.values().map(|document| &**document))
    {
        found.expressions += count_expressions(document, &context);
    }
    for document in &policies {
        report(compile_document(document, Scope::Api, &context).1);
    }
    for document in fragments.values() {
        report(check_fragment(document, &context));
    }
}

/// A fragment is known by its folder where the file is called `policy.xml`, as APIOps lays it, else by its file name.
fn fragment_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy());
    match folder {
        Some(folder) if stem.eq_ignore_ascii_case("policy") => folder.into_owned(),
        _ => stem.into_owned(),
    }
}
