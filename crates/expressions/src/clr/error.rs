//! What the .NET algorithms of this folder throw: the exception's kind and .NET's own message.
//!
//! A kind maps to exactly one .NET type; the evaluator turns it into an exception object that `catch` can match.
//! Messages follow .NET Core 3.1, as policies show them through `context.LastError`.

use std::borrow::Cow;
use std::fmt;

/// The .NET exception type an algorithm throws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the .NET type of the same name
pub enum ErrorKind {
    Argument,
    ArgumentNull,
    ArgumentOutOfRange,
    Arithmetic,
    CultureNotFound,
    DivideByZero,
    Format,
    IndexOutOfRange,
    InvalidCast,
    InvalidOperation,
    InvalidTimeZone,
    NotSupported,
    Overflow,
    TimeZoneNotFound,
    UriFormat,
}

impl ErrorKind {
    /// The type's full name, such as `System.FormatException`.
    pub const fn full_name(self) -> &'static str {
        match self {
            Self::Argument => "System.ArgumentException",
            Self::ArgumentNull => "System.ArgumentNullException",
            Self::ArgumentOutOfRange => "System.ArgumentOutOfRangeException",
            Self::Arithmetic => "System.ArithmeticException",
            Self::CultureNotFound => "System.Globalization.CultureNotFoundException",
            Self::DivideByZero => "System.DivideByZeroException",
            Self::Format => "System.FormatException",
            Self::IndexOutOfRange => "System.IndexOutOfRangeException",
            Self::InvalidCast => "System.InvalidCastException",
            Self::InvalidOperation => "System.InvalidOperationException",
            Self::InvalidTimeZone => "System.InvalidTimeZoneException",
            Self::NotSupported => "System.NotSupportedException",
            Self::Overflow => "System.OverflowException",
            Self::TimeZoneNotFound => "System.TimeZoneNotFoundException",
            Self::UriFormat => "System.UriFormatException",
        }
    }

    /// The type's name without its namespace, such as `FormatException`.
    pub fn name(self) -> &'static str {
        let full = self.full_name();
        full.rsplit('.').next().unwrap_or(full)
    }
}

/// A .NET exception in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Which exception type.
    pub kind: ErrorKind,
    /// .NET's message.
    pub message: Cow<'static, str>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

impl std::error::Error for Error {}

/// What the algorithms return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An exception of this kind with this message.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// `FormatException`: a text is not what the parser expects.
    pub fn format(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Format, message)
    }

    /// `FormatException` with the message shared by number parsing and composite formats.
    pub fn bad_input() -> Self {
        Self::format("Input string was not in a correct format.")
    }

    /// `FormatException` of an unknown standard format.
    pub fn bad_specifier() -> Self {
        Self::format("Format specifier was invalid.")
    }

    /// `OverflowException`.
    pub fn overflow(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Overflow, message)
    }

    /// `OverflowException` of checked arithmetic.
    pub fn arithmetic_overflow() -> Self {
        Self::overflow("Arithmetic operation resulted in an overflow.")
    }

    /// `DivideByZeroException`.
    pub fn divide_by_zero() -> Self {
        Self::new(ErrorKind::DivideByZero, "Attempted to divide by zero.")
    }

    /// `ArgumentNullException` for a named parameter.
    pub fn null(parameter: &str) -> Self {
        Self::new(
            ErrorKind::ArgumentNull,
            format!("Value cannot be null. (Parameter '{parameter}')"),
        )
    }

    /// `ArgumentException`, the parameter named the .NET Core way where there is one.
    pub fn argument(message: &str, parameter: Option<&str>) -> Self {
        Self::new(ErrorKind::Argument, with_parameter(message, parameter))
    }

    /// `ArgumentOutOfRangeException`, the parameter named the .NET Core way where there is one.
    pub fn out_of_range(message: &str, parameter: Option<&str>) -> Self {
        Self::new(
            ErrorKind::ArgumentOutOfRange,
            with_parameter(message, parameter),
        )
    }

    /// `InvalidCastException` of `Convert` for a pair without conversion; names are .NET's (`DateTime`, `Int32`).
    pub fn invalid_cast(from: &str, to: &str) -> Self {
        Self::new(
            ErrorKind::InvalidCast,
            format!("Invalid cast from '{from}' to '{to}'."),
        )
    }
}

fn with_parameter(message: &str, parameter: Option<&str>) -> String {
    match parameter {
        Some(name) => format!("{message} (Parameter '{name}')"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_parameter_like_dotnet_core() {
        assert_eq!(
            Error::null("s").message,
            "Value cannot be null. (Parameter 's')"
        );
        assert_eq!(Error::bad_input().kind.name(), "FormatException");
        assert_eq!(
            ErrorKind::CultureNotFound.full_name(),
            "System.Globalization.CultureNotFoundException"
        );
    }
}
