//! What is wrong with an expression, where, and what to do about it.

use std::ops::Range;

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The expression runs, but probably not as meant.
    Warning,
    /// The expression cannot be used.
    Error,
}

/// A compiler message about an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionDiagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The C# compiler's code where it has one (`CS1061`), else one of our own (`TGnnnn`).
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Bytes of the source it is about.
    pub range: Range<usize>,
    /// What to write instead.
    pub help: Option<String>,
}

/// Bytes of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Span {
    /// From first byte to the byte after the last.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// As a range of bytes.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Collects diagnostics; the first of several errors at one place stands, and their number is bounded.
#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<ExpressionDiagnostic>,
}

/// More messages about one expression help nobody.
const MOST: usize = 50;

impl Diagnostics {
    /// Adds an error.
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.add(Severity::Error, code, span, message.into(), None);
    }

    /// Adds an error with advice.
    pub fn error_with_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.add(Severity::Error, code, span, message.into(), help);
    }

    /// Adds a warning.
    pub fn warning(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.add(Severity::Warning, code, span, message.into(), None);
    }

    /// Adds a warning with advice.
    pub fn warning_with_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(
            Severity::Warning,
            code,
            span,
            message.into(),
            Some(help.into()),
        );
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: Span,
        message: String,
        help: Option<String>,
    ) {
        let range = span.range();
        if self.list.len() >= MOST
            || self
                .list
                .iter()
                .any(|d| d.range.start == range.start && d.severity == severity && d.code == code)
        {
            return;
        }
        self.list.push(ExpressionDiagnostic {
            severity,
            code,
            message,
            range,
            help,
        });
    }

    /// Number of diagnostics so far, to roll back to with [`Diagnostics::truncate`].
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // a position, not a size
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether an error was added at or after position `from`.
    #[must_use]
    pub fn has_errors_since(&self, from: usize) -> bool {
        self.list
            .iter()
            .skip(from)
            .any(|d| d.severity == Severity::Error)
    }

    /// Forgets what is at byte `from` of the source or behind it, but for the error with this place and code.
    pub fn keep_one(&mut self, from: usize, (place, code): (usize, &'static str)) {
        self.list
            .retain(|d| d.range.start < from || (d.range.start == place && d.code == code));
    }

    /// Forgets what came after `len`.
    pub fn truncate(&mut self, len: usize) {
        self.list.truncate(len);
    }

    /// The diagnostics in source order.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<ExpressionDiagnostic> {
        self.list
            .sort_by_key(|d| (d.range.start, std::cmp::Reverse(d.severity)));
        self.list
    }
}
