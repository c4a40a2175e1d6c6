//! What Json.NET throws, in its words, with the reader's position where there is one.

use std::borrow::Cow;

use crate::clr;

/// The exception type an operation throws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// `Newtonsoft.Json.JsonException`
    Json,
    /// `Newtonsoft.Json.JsonReaderException`
    JsonReader,
    /// `Newtonsoft.Json.JsonSerializationException`
    JsonSerialization,
    /// `System.NullReferenceException`
    NullReference,
    /// `System.Text.RegularExpressions.RegexMatchTimeoutException`
    RegexTimeout,
    /// One of the base library's exceptions.
    Clr(clr::ErrorKind),
}

impl ErrorKind {
    /// The type's full name.
    pub const fn full_name(self) -> &'static str {
        match self {
            Self::Json => "Newtonsoft.Json.JsonException",
            Self::JsonReader => "Newtonsoft.Json.JsonReaderException",
            Self::JsonSerialization => "Newtonsoft.Json.JsonSerializationException",
            Self::NullReference => "System.NullReferenceException",
            Self::RegexTimeout => "System.Text.RegularExpressions.RegexMatchTimeoutException",
            Self::Clr(kind) => kind.full_name(),
        }
    }
}

/// Where the reader stood: `LineNumber`, `LinePosition` and `Path` of a `JsonReaderException`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderPosition {
    /// Counted from 1; 0 before anything was read.
    pub line: u32,
    /// UTF-16 units since the line's start.
    pub column: u32,
    /// Path of the token being read, such as `a.b[0]`.
    pub path: String,
}

/// A .NET exception in the making.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.full_name())]
pub struct Error {
    /// Which exception type.
    pub kind: ErrorKind,
    /// Json.NET's message.
    pub message: Cow<'static, str>,
    /// Set for what the reader throws.
    pub position: Option<Box<ReaderPosition>>,
}

/// What the operations of this folder return.
pub type Result<T> = std::result::Result<T, Error>;

impl From<clr::Error> for Error {
    fn from(error: clr::Error) -> Self {
        Self {
            kind: ErrorKind::Clr(error.kind),
            message: error.message,
            position: None,
        }
    }
}

impl Error {
    /// An exception of this kind with this message.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            position: None,
        }
    }

    /// `JsonException`
    pub fn json(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Json, message)
    }

    /// `ArgumentException`
    pub fn argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Clr(clr::ErrorKind::Argument), message)
    }

    /// `ArgumentNullException` for a named parameter.
    pub fn null(parameter: &str) -> Self {
        clr::Error::null(parameter).into()
    }

    /// `InvalidOperationException`
    pub fn invalid_operation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Clr(clr::ErrorKind::InvalidOperation), message)
    }

    /// `InvalidCastException`
    pub fn invalid_cast(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Clr(clr::ErrorKind::InvalidCast), message)
    }

    /// `ArgumentOutOfRangeException` of a list's indexer.
    pub fn index_out_of_range() -> Self {
        clr::Error::out_of_range(
            "Index was out of range. Must be non-negative and less than the size of the collection.",
            Some("index"),
        )
        .into()
    }

    /// An exception that carries the reader's position, worded `message Path 'p', line l, position c.`
    pub fn at(kind: ErrorKind, message: &str, position: ReaderPosition) -> Self {
        let mut text = message.trim().to_owned();
        if !text.ends_with('.') {
            text.push('.');
        }
        text.push_str(&format!(
            " Path '{}', line {}, position {}.",
            position.path, position.line, position.column
        ));
        Self {
            kind,
            message: text.into(),
            position: Some(Box::new(position)),
        }
    }
}
