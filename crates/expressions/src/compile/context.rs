//! Shortcuts through `context`: what conditions read on every request, without making values on the way.

use super::{Code, Compiler};
use crate::bind::tree::{Expr, Kind};
use crate::host::{Host, MessageSide};
use crate::runtime::Fault;
use crate::types::known;
use crate::value::{Const, HostObject, Str, Value};

/// A text of the host that can be looked at without copying it.
#[derive(Clone, Copy)]
enum Text {
    Method,
    IpAddress,
    UrlPath,
    UrlHost,
    OriginalPath,
    StatusReason,
    ErrorSource,
    ErrorReason,
}

impl Text {
    /// Whether the text equals `text`; a missing part of `context` is a NullReferenceException.
    fn equals(self, host: &dyn Host, text: &str) -> Option<bool> {
        Some(match self {
            Self::Method => host.method() == text,
            Self::IpAddress => host.ip_address() == text,
            Self::UrlPath => host.url().path == text,
            Self::UrlHost => host.url().host == text,
            Self::OriginalPath => host.original_url().path == text,
            Self::StatusReason => {
                if !host.has_response() {
                    return None;
                }
                host.status_reason() == text
            }
            Self::ErrorSource => &*host.last_error()?.source == text,
            Self::ErrorReason => host.last_error()?.reason.as_deref() == Some(text),
        })
    }
}

/// The part of `context` that an expression names by members alone.
fn part(e: &Expr) -> Option<HostObject> {
    match &*e.kind {
        Kind::Context => Some(HostObject::Context),
        Kind::Call { member, args, .. } => {
            let owner = part(args.first()?)?;
            Some(match (owner, &*member.name) {
                (HostObject::Context, "Request") => HostObject::Request,
                (HostObject::Context, "Response") => HostObject::Response,
                (HostObject::Context, "Variables") => HostObject::Variables,
                (HostObject::Context, "LastError") => HostObject::LastError,
                (HostObject::Request, "Url") => HostObject::Url,
                (HostObject::Request, "OriginalUrl") => HostObject::OriginalUrl,
                _ => return None,
            })
        }
        _ => None,
    }
}

fn text_path(e: &Expr) -> Option<Text> {
    let Kind::Call { member, args, .. } = &*e.kind else {
        return None;
    };
    Some(match (part(args.first()?)?, &*member.name) {
        (HostObject::Request, "Method") => Text::Method,
        (HostObject::Request, "IpAddress") => Text::IpAddress,
        (HostObject::Url, "Path") => Text::UrlPath,
        (HostObject::Url, "Host") => Text::UrlHost,
        (HostObject::OriginalUrl, "Path") => Text::OriginalPath,
        (HostObject::Response, "StatusReason") => Text::StatusReason,
        (HostObject::LastError, "Source") => Text::ErrorSource,
        (HostObject::LastError, "Reason") => Text::ErrorReason,
        _ => return None,
    })
}

impl Compiler {
    /// Code of a path through `context` that has a shortcut.
    pub(super) fn context_path(&mut self, e: &Expr) -> Option<Code> {
        let Kind::Call {
            member,
            args,
            set: false,
            ..
        } = &*e.kind
        else {
            return None;
        };
        let at = e.span.start;
        match (part(args.first()?)?, &*member.name) {
            (HostObject::Response, "StatusCode") => Some(Code::Int(Box::new(move |rt| {
                if rt.host.has_response() {
                    Ok(i32::from(rt.host.status_code()))
                } else {
                    Err(Fault::null_reference().at(at))
                }
            }))),
            (HostObject::Context, "Request" | "Variables") => {
                let object = part(e)?;
                Some(Code::Val(Box::new(move |_| Ok(Value::Host(object)))))
            }
            (HostObject::Context, "Response") => Some(Code::Val(Box::new(|rt| {
                Ok(if rt.host.has_response() {
                    Value::Host(HostObject::Response)
                } else {
                    Value::Null
                })
            }))),
            (HostObject::Request, "Body") => Some(Code::Val(Box::new(|rt| {
                Ok(
                    if matches!(
                        rt.host.body(MessageSide::Request),
                        crate::host::BodyAccess::Absent
                    ) {
                        Value::Null
                    } else {
                        Value::Host(HostObject::Body(MessageSide::Request))
                    },
                )
            }))),
            (HostObject::Variables, "this[]") if member.owner == known::IREADONLY_DICTIONARY => {
                let Some(Const::Str(name)) = args.get(1).and_then(Expr::constant) else {
                    return None;
                };
                let name = name.to_utf8().into_owned();
                Some(Code::Val(Box::new(move |rt| {
                    rt.tick()?;
                    Ok(rt.host.variable(&name).unwrap_or_default())
                })))
            }
            _ => None,
        }
    }

    /// `context.Request.Method == "POST"` and the like, comparing in place.
    pub(super) fn host_text_equals(&mut self, e: &Expr, text: &Str, negate: bool) -> Option<Code> {
        let path = text_path(e)?;
        let text = text.as_str()?.to_owned();
        let at = e.span.start;
        Some(Code::Bool(Box::new(move |rt| {
            match path.equals(rt.host, &text) {
                Some(equal) => Ok(equal != negate),
                None => Err(Fault::null_reference().at(at)),
            }
        })))
    }
}
