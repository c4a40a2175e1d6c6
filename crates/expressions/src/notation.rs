//! A result as one line, `type<TAB>text`: the notation of the case files and of `tidegate eval`.
//!
//! Strings stand as they are, with `\\`, `\n`, `\r`, `\t` and `\uXXXX` for what a line cannot hold; null is `<null>`,
//! bytes are lower-case hex, tokens compact JSON, sequences `[a, b]`, all else its invariant `ToString()`.

use std::fmt::{self, Write};

use crate::diagnostic::{ExpressionDiagnostic, Severity};
use crate::dotnet::collections;
use crate::expression::{Options, Target, compile};
use crate::fault::{Exception, Stop};
use crate::host::{Host, MessageSide};
use crate::runtime::{R, Runtime};
use crate::types::{Type, relations};
use crate::value::{Lazy, Str, Value};

/// What an expression came to. Its `Display` is the line: `type<TAB>text`, `throws TypeName` or `compile CODE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It gave a value.
    Value {
        /// The value's type in C# spelling.
        ty: String,
        /// The value as text.
        text: String,
        /// What the checker remarked.
        warnings: Vec<ExpressionDiagnostic>,
    },
    /// Evaluating it, or enumerating its result, threw, or reached a limit.
    Throws(Box<Exception>),
    /// It cannot be compiled. Errors and warnings in order of their place.
    Rejected(Vec<ExpressionDiagnostic>),
    /// It reads a body that the host has not buffered.
    NeedsBody(MessageSide),
}

impl Outcome {
    /// The code of the first error, where the expression was rejected.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Rejected(diagnostics) => diagnostics
                .iter()
                .find(|d| d.severity == Severity::Error)
                .or(diagnostics.first())
                .map(|d| d.code),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { ty, text, .. } => write!(f, "{ty}\t{text}"),
            Self::Throws(exception) => write!(f, "throws {}", exception.type_name),
            Self::Rejected(_) => write!(f, "compile {}", self.code().unwrap_or("none")),
            Self::NeedsBody(MessageSide::Request) => f.write_str("needs the request body"),
            Self::NeedsBody(MessageSide::Response) => f.write_str("needs the response body"),
        }
    }
}

/// Compiles `source` for a place that takes any value, evaluates it against `host` and shows what came of it.
pub fn evaluate(source: &str, options: &Options, host: &mut dyn Host) -> Outcome {
    let expression = match compile(source, Target::Any, options) {
        Ok(expression) => expression,
        Err(diagnostics) => return Outcome::Rejected(diagnostics),
    };
    let shown =
        expression.evaluate_with(host, |rt, value| show(rt, &value, expression.static_type()));
    match shown {
        Ok((ty, text)) => Outcome::Value {
            ty,
            text,
            warnings: expression.warnings().to_vec(),
        },
        Err(Stop::Exception(exception)) => Outcome::Throws(exception),
        Err(Stop::NeedsBody(side)) => Outcome::NeedsBody(side),
    }
}

/// Type and text of a result. The run-time type is shown, the static one for null and for lazy sequences.
///
/// # Errors
/// Enumerating or printing the result throws.
pub fn show(rt: &mut Runtime<'_>, value: &Value, static_type: &Type) -> R<(String, String)> {
    let ty = if value.is_null() {
        if *static_type == Type::Null {
            Type::OBJECT
        } else {
            static_type.clone()
        }
    } else if value.as_object::<Lazy>().is_some()
        && *static_type != Type::OBJECT
        && !value.type_of().is_value_type()
    {
        static_type.clone()
    } else {
        value.type_of()
    };
    let text = text(rt, value, 0)?;
    Ok((ty.to_string(), text))
}

fn text(rt: &mut Runtime<'_>, value: &Value, depth: usize) -> R<String> {
    if let Some(bytes) = collections::bytes_of(value) {
        let mut out = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            let _ = write!(out, "{byte:02x}");
        }
        return Ok(out);
    }
    match value {
        Value::Null => return Ok("<null>".into()),
        Value::Str(text) => return Ok(escape(text)),
        Value::Json(token) => {
            return Ok(escape(&Str::from(crate::dotnet::json::compact(token))));
        }
        _ => {}
    }
    let sequence = matches!(value, Value::Object(_))
        && relations::element_type(&value.type_of()).is_some()
        && !crate::dotnet::is_text_like(value);
    if sequence && depth < 20 {
        let items = rt.collect(value)?;
        let mut out = String::from("[");
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            out.push_str(&text(rt, item, depth + 1)?);
        }
        out.push(']');
        return Ok(out);
    }
    let shown = rt.to_text(value)?;
    Ok(escape(&shown))
}

/// Escapes what a line of a case file cannot hold.
#[must_use]
pub fn escape(text: &Str) -> String {
    let mut out = String::new();
    for unit in char::decode_utf16(text.units().iter().copied()) {
        match unit {
            Ok('\\') => out.push_str("\\\\"),
            Ok('\n') => out.push_str("\\n"),
            Ok('\r') => out.push_str("\\r"),
            Ok('\t') => out.push_str("\\t"),
            Ok(c) if c.is_control() || c == '\u{fffd}' || c == '\u{2028}' || c == '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            Ok(c) => out.push(c),
            Err(lone) => {
                let _ = write!(out, "\\u{:04x}", lone.unpaired_surrogate());
            }
        }
    }
    out
}
