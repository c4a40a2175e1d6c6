//! Diagnostics shared by every crate that reads configuration: what is wrong, where, and what to do about it.
//!
//! A [`Diagnostic`] points into a [`SourceFile`] by byte range. Line and column are computed on demand, so
//! producers only ever handle offsets.

use std::ops::Range;
use std::sync::Arc;

/// A text that diagnostics point into: one file (or one inline document) with its name.
#[derive(Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// Takes the text of a file; `name` is what messages show, usually a path relative to the configuration.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Arc::new(Self {
            name: name.into(),
            text,
            line_starts,
        })
    }

    /// The name messages show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column, both from 1; the column counts characters, a byte order mark not among them. An offset past
    /// the end means the end.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        let column = self.text.as_bytes()[start..offset]
            .iter()
            .filter(|byte| (**byte & 0xC0) != 0x80)
            .count();
        let mark = usize::from(start == 0 && column > 0 && self.text.starts_with('\u{FEFF}'));
        (line, column - mark + 1)
    }
}

/// How bad it is. Only errors keep a configuration from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration can be used, but probably not as its author thinks.
    Warning,
    /// The configuration cannot be used.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A byte range of a source file, with words of its own where it is a secondary place.
#[derive(Debug, Clone)]
pub struct Label {
    /// The text pointed into.
    pub file: Arc<SourceFile>,
    /// Byte range in that text.
    pub range: Range<usize>,
    /// What to say at this place; empty for none.
    pub message: String,
}

/// One finding: severity, stable code, message, primary place, further places, and help.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable kebab-case code such as `unknown-policy`; for C# errors the compiler's own, such as `CS0103`.
    pub code: &'static str,
    /// One sentence for the person who must act on it.
    pub message: String,
    /// Where it is; absent only when nothing was read (a missing file, an environment variable).
    pub place: Option<Label>,
    /// Other places that explain it.
    pub related: Vec<Label>,
    /// A concrete suggestion.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place; add one with [`Diagnostic::at`].
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning without a place; add one with [`Diagnostic::at`].
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            place: None,
            related: Vec::new(),
            help: None,
        }
    }

    /// Sets the primary place.
    #[must_use]
    pub fn at(mut self, file: &Arc<SourceFile>, range: Range<usize>) -> Self {
        self.place = Some(Label {
            file: file.clone(),
            range,
            message: String::new(),
        });
        self
    }

    /// Sets the words shown under the primary place.
    #[must_use]
    pub fn label(mut self, message: impl Into<String>) -> Self {
        if let Some(place) = &mut self.place {
            place.message = message.into();
        }
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn related(
        mut self,
        file: &Arc<SourceFile>,
        range: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        self.related.push(Label {
            file: file.clone(),
            range,
            message: message.into(),
        });
        self
    }

    /// Sets the suggestion.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether this keeps the configuration from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
