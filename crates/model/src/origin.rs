//! Where a piece of configuration came from, so that every later finding can point at it.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use tidegate_policy_xml::diagnostic::{Diagnostic, SourceFile};

/// A place in a configuration file.
#[derive(Clone)]
pub struct Origin {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte range in its text.
    pub range: Range<usize>,
}

impl Origin {
    /// A place in `file`.
    pub fn new(file: &Arc<SourceFile>, range: Range<usize>) -> Self {
        Self {
            file: file.clone(),
            range,
        }
    }

    /// An error at this place.
    #[must_use]
    pub fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(&self.file, self.range.clone())
    }

    /// A warning at this place.
    #[must_use]
    pub fn warning(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, message).at(&self.file, self.range.clone())
    }
}

impl fmt::Debug for Origin {
    // The text is left out: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.file.line_column(self.range.start);
        write!(f, "{}:{line}:{column}", self.file.name())
    }
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub origin: Origin,
}

impl<T> Located<T> {
    /// A value written at `origin`.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Another value at the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located {
            value: change(self.value),
            origin: self.origin,
        }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
