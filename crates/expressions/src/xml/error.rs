//! What LINQ to XML throws.

/// A .NET exception in the making.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `XmlException`: text or a name that is no XML.
    #[error("{0}")]
    Xml(String),
    /// `InvalidOperationException`
    #[error("{0}")]
    InvalidOperation(&'static str),
    /// `ArgumentException`
    #[error("{0}")]
    Argument(String),
}

/// What the operations of this folder return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The exception's full .NET type name.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Xml(_) => "System.Xml.XmlException",
            Self::InvalidOperation(_) => "System.InvalidOperationException",
            Self::Argument(_) => "System.ArgumentException",
        }
    }
}

impl From<crate::forest::TooLarge> for Error {
    fn from(_: crate::forest::TooLarge) -> Self {
        Self::InvalidOperation("The XML tree has too many nodes.")
    }
}
