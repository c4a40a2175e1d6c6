//! What all parts of the loader share: options, diagnostics, files read.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use tidegate_policy_xml::diagnostic::{Diagnostic, Severity};
use tidegate_policy_xml::source_from_bytes;

use super::LoadOptions;
use super::parse;
use super::tree::Node;
use crate::{Origin, PolicyDocument};

/// Findings kept; a broken generator could produce any number.
const MAX_DIAGNOSTICS: usize = 1_000;
/// Bytes of one file.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// The loader's surroundings.
pub(crate) struct Context<'o> {
    pub options: &'o LoadOptions,
    /// The folder that relative paths count from.
    pub base: PathBuf,
    /// What an unknown key is: an error in our own format, a warning in APIM's.
    pub unknown_keys: Cell<Severity>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    watched: RefCell<Vec<PathBuf>>,
}

impl<'o> Context<'o> {
    pub fn new(options: &'o LoadOptions, base: PathBuf, unknown_keys: Severity) -> Self {
        Self {
            options,
            base,
            unknown_keys: Cell::new(unknown_keys),
            diagnostics: RefCell::new(Vec::new()),
            watched: RefCell::new(Vec::new()),
        }
    }

    /// Takes a finding.
    pub fn report(&self, diagnostic: Diagnostic) {
        let mut all = self.diagnostics.borrow_mut();
        if all.len() < MAX_DIAGNOSTICS {
            all.push(diagnostic);
        }
    }

    /// Takes an error.
    pub fn error(&self, origin: &Origin, code: &'static str, message: impl Into<String>) {
        self.report(origin.error(code, message));
    }

    /// Takes a warning.
    pub fn warn(&self, origin: &Origin, code: &'static str, message: impl Into<String>) {
        self.report(origin.warning(code, message));
    }

    /// Everything found and every file read.
    pub fn into_parts(self) -> (Vec<Diagnostic>, Vec<PathBuf>) {
        let mut watched = self.watched.into_inner();
        watched.sort();
        watched.dedup();
        (self.diagnostics.into_inner(), watched)
    }

    /// Notes a file or folder whose change means a reload.
    pub fn watch(&self, path: &Path) {
        self.watched.borrow_mut().push(path.to_owned());
    }

    /// A path as messages show it.
    pub fn show(path: &Path) -> String {
        let shown = path.display().to_string();
        shown.strip_prefix("./").unwrap_or(&shown).to_owned()
    }

    /// Reads a text file. `from` is the place that names it, where there is one.
    pub fn read(&self, path: &Path, from: Option<&Origin>) -> Option<String> {
        let bytes = self.read_bytes(path, from)?;
        match source_from_bytes(&Self::show(path), &bytes) {
            Ok(file) => Some(file.text().to_owned()),
            Err(problem) => {
                // No excerpt: what stands around the place may be a secret.
                let place = problem.place.as_ref().map_or_else(String::new, |place| {
                    let (line, column) = place.file.line_column(place.range.start);
                    format!(":{line}:{column}")
                });
                self.unreadable(path, from, &format!("{place}: {}", problem.message));
                None
            }
        }
    }

    fn read_bytes(&self, path: &Path, from: Option<&Origin>) -> Option<Vec<u8>> {
        self.watch(path);
        read_bytes(path)
            .map_err(|problem| self.unreadable(path, from, &format!(": {problem}")))
            .ok()
    }

    fn unreadable(&self, path: &Path, from: Option<&Origin>, problem: &str) {
        let message = format!("{}{problem}", Self::show(path));
        self.report(match from {
            Some(origin) => origin.error("unreadable-file", message),
            None => Diagnostic::error("unreadable-file", message),
        });
    }

    /// Reads a YAML or JSON file.
    pub fn read_tree(
        &self,
        path: &Path,
        from: Option<&Origin>,
        duplicates: Severity,
    ) -> Option<Node> {
        let text = self.read(path, from)?;
        parse::parse(self, &Self::show(path), &text, duplicates)
    }

    /// Reads a policy document.
    pub fn read_policy(&self, path: &Path, from: Option<&Origin>) -> Option<PolicyDocument> {
        let bytes = self.read_bytes(path, from)?;
        source_from_bytes(&Self::show(path), &bytes)
            .map(|file| PolicyDocument { file })
            .map_err(|problem| self.report(*problem))
            .ok()
    }
}

/// Reads a file of bounded size.
fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("is larger than {} MiB", MAX_FILE_BYTES >> 20));
    }
    Ok(bytes)
}
