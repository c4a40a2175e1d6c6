//! The parts of `context` as values: names of what the host is asked for when a member is read, no data of their own.

use crate::host::MessageSide;
use crate::types::{Type, known};

/// A part of `context`. Copying it costs nothing; members are read from the host at the moment of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named after the members of `context`
pub enum HostObject {
    Context,
    Request,
    Response,
    Body(MessageSide),
    Headers(MessageSide),
    Url,
    OriginalUrl,
    /// `Url.Query` (false) or `OriginalUrl.Query` (true)
    Query(bool),
    MatchedParameters,
    Variables,
    Api,
    Operation,
    Product,
    Subscription,
    User,
    Deployment,
    LastError,
}

impl HostObject {
    /// The static type APIM gives this part.
    #[must_use]
    pub fn type_of(self) -> Type {
        let def = match self {
            Self::Context => known::CONTEXT,
            Self::Request => known::IREQUEST,
            Self::Response => known::IRESPONSE,
            Self::Body(_) => known::IMESSAGE_BODY,
            Self::Url | Self::OriginalUrl => known::IURL,
            Self::Api => known::ICONTEXT_API,
            Self::Operation => known::IOPERATION,
            Self::Product => known::IPRODUCT,
            Self::Subscription => known::ISUBSCRIPTION,
            Self::User => known::IUSER,
            Self::Deployment => known::IDEPLOYMENT,
            Self::LastError => known::ILAST_ERROR,
            Self::Headers(_) | Self::Query(_) => {
                return Type::generic(
                    known::IREADONLY_DICTIONARY,
                    [Type::STRING, Type::array(Type::STRING)],
                );
            }
            Self::MatchedParameters => {
                return Type::generic(known::IREADONLY_DICTIONARY, [Type::STRING, Type::STRING]);
            }
            Self::Variables => {
                return Type::generic(known::IREADONLY_DICTIONARY, [Type::STRING, Type::OBJECT]);
            }
        };
        Type::Named(def, None)
    }
}
