//! Expanded names: local name and namespace.

use super::error::{Error, Result};
use super::name_chars::{is_name_char, is_name_start};
use crate::value::Str;

/// Namespace of the prefix `xml`.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespace of namespace declarations.
pub const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// `XName`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// `LocalName`
    pub local: Str,
    /// `NamespaceName`, empty for none.
    pub namespace: Str,
}

impl Name {
    /// A name without namespace that is known to be one.
    pub fn plain(local: Str) -> Self {
        Self {
            local,
            namespace: Str::EMPTY,
        }
    }

    /// A name from its parts.
    pub fn new(local: Str, namespace: Str) -> Result<Self> {
        check_name(&local.to_utf8())?;
        Ok(Self { local, namespace })
    }

    /// `XName.Get(expanded)`: `local` or `{namespace}local`.
    pub fn parse(expanded: &Str) -> Result<Self> {
        let text = expanded.to_utf8();
        let Some(rest) = text.strip_prefix('{') else {
            if text.is_empty() {
                return Err(Error::Argument(format!(
                    "'{text}' is an invalid expanded name."
                )));
            }
            return Self::new(expanded.clone(), Str::EMPTY);
        };
        match rest.rsplit_once('}') {
            Some((namespace, local)) if !namespace.is_empty() && !local.is_empty() => {
                Self::new(local.into(), namespace.into())
            }
            _ => Err(Error::Argument(format!(
                "'{text}' is an invalid expanded name."
            ))),
        }
    }

    /// Whether this declares a namespace: `xmlns` or `xmlns:p`.
    pub fn is_declaration(&self) -> bool {
        if self.namespace.is_empty() {
            self.local == *"xmlns"
        } else {
            self.namespace == *XMLNS_NAMESPACE
        }
    }

    /// `ToString()`: `{namespace}local`
    pub fn to_text(&self) -> Str {
        if self.namespace.is_empty() {
            return self.local.clone();
        }
        format!("{{{}}}{}", self.namespace, self.local).into()
    }
}

/// Whether text is a name without colon; `XmlException` if not.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::Argument(
            "The empty string '' is not a valid name.".to_owned(),
        ));
    }
    let bad = name.chars().enumerate().find(|(at, c)| {
        if *at == 0 {
            !is_name_start(*c)
        } else {
            !is_name_char(*c)
        }
    });
    match bad {
        None => Ok(()),
        Some((0, c)) => Err(Error::Xml(format!(
            "Name cannot begin with the '{c}' character, hexadecimal value 0x{:02X}.",
            u32::from(c)
        ))),
        Some((_, c)) => Err(Error::Xml(format!(
            "The '{c}' character, hexadecimal value 0x{:02X}, cannot be included in a name.",
            u32::from(c)
        ))),
    }
}
