//! `ResponseObject`: a whole response as a value, what `send-request` stores in a variable.
//!
//! It is an `IResponse` to expressions, as `context.Response` is. Nothing of it streams: the body is in memory.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use bytes::Bytes;
use http::HeaderMap;

use crate::types::{Type, known};
use crate::value::{Object, Str, Value};

/// A response in a variable.
pub struct ResponseObject {
    /// Status code.
    pub status: u16,
    /// Reason phrase, never null; empty where there is none.
    pub reason: Str,
    /// Header fields.
    pub headers: HeaderMap,
    body: RefCell<Bytes>,
}

impl ResponseObject {
    /// A response with its whole body.
    #[must_use]
    pub fn new(status: u16, reason: impl Into<Str>, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            reason: reason.into(),
            headers,
            body: RefCell::new(body),
        }
    }

    /// The body; empty once `As<T>()` without `preserveContent` took it.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.body.borrow().clone()
    }

    /// Takes the body away, as a read without `preserveContent` does.
    pub(crate) fn consume(&self) {
        *self.body.borrow_mut() = Bytes::new();
    }
}

impl Object for ResponseObject {
    fn type_of(&self) -> Type {
        Type::Named(known::IRESPONSE, None)
    }
}

impl fmt::Debug for ResponseObject {
    /// Headers and body may hold secrets, so neither is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseObject")
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl Value {
    /// The stored response, if the value is one.
    #[must_use]
    pub fn as_response(&self) -> Option<Rc<ResponseObject>> {
        self.to_object()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_response_comes_back_and_its_body_can_be_consumed() {
        let value = Value::from(Rc::new(ResponseObject::new(
            200,
            "OK",
            HeaderMap::new(),
            Bytes::from_static(b"{}"),
        )));
        let response = value.as_response().expect("a response");
        assert_eq!(response.bytes(), "{}");
        response.consume();
        assert_eq!(response.bytes(), "");
        assert!(Value::Null.as_response().is_none());
    }
}
