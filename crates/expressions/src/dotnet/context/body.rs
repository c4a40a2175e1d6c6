//! `IMessageBody`: the body of a message of the exchange or of a stored response.
//!
//! Reading without `preserveContent` takes the body: later reads see an empty one, and nothing is forwarded. A body that
//! still streams stops the evaluation ([`Fault::needs_body`]); the caller buffers it and evaluates again.

use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderMap, header};

use super::response::ResponseObject;
use super::side;
use crate::clr::encoding::Encoding;
use crate::dotnet::{collections, json, xml};
use crate::host::BodyAccess;
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types, known};
use crate::value::{Object, Str, Value};

/// The body of a stored response.
pub(super) struct StoredBody(pub Rc<ResponseObject>);

impl Object for StoredBody {
    fn type_of(&self) -> Type {
        Type::Named(known::IMESSAGE_BODY, None)
    }

    fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }
}

/// Takes or copies the receiver's bytes; also what its `Content-Type` says of the charset.
fn read(c: &mut Call<'_, '_>, preserve: bool) -> R<(Bytes, Option<String>)> {
    if let Some(side) = side(c) {
        let bytes = match c.rt.host.body(side) {
            BodyAccess::Absent => return Err(Fault::null_reference()),
            BodyAccess::NotBuffered => return Err(Fault::needs_body(side)),
            BodyAccess::Buffered(bytes) => bytes,
        };
        let charset = c.rt.host.headers(side).and_then(charset_of);
        if !preserve {
            c.rt.host.consume_body(side);
        }
        return Ok((bytes, charset));
    }
    let stored = c.object::<StoredBody>(0)?;
    let bytes = stored.0.bytes();
    if !preserve {
        stored.0.consume();
    }
    Ok((bytes, charset_of(&stored.0.headers)))
}

/// The `charset` parameter of `Content-Type`.
fn charset_of(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    text.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

/// Text of a body by its charset; a byte order mark is dropped.
fn decode(bytes: &[u8], charset: Option<&str>) -> R<String> {
    let encoding = match charset.filter(|name| !name.is_empty()) {
        None => Encoding::Utf8 { bom: true },
        Some(name) => Encoding::by_name(name).map_err(|_| {
            Fault::invalid_operation(&format!(
                "The character set '{name}' of the message's Content-Type is not known."
            ))
        })?,
    };
    let text = encoding.decode(bytes);
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The body as text; also for forms.
pub(super) fn read_text(c: &mut Call<'_, '_>, preserve: bool) -> R<String> {
    let (bytes, charset) = read(c, preserve)?;
    c.rt.spend(1 + bytes.len() as u64 / 64)?;
    c.rt.allocate(bytes.len())?;
    decode(&bytes, charset.as_deref())
}

fn read_json(c: &mut Call<'_, '_>, preserve: bool, ty: &Type) -> R<Value> {
    let text = read_text(c, preserve)?;
    c.rt.allocate(crate::json::size_of_tree(&text))?;
    match json::parse_text(&text, ty) {
        Ok(token) => Ok(token.into()),
        Err(mut error) => {
            error.message =
                format!("The message body is not a valid JSON. {}", error.message).into();
            Err(error.into())
        }
    }
}

fn read_as(c: &mut Call<'_, '_>) -> R<Value> {
    let preserve = c.bool(1)?;
    let ty = c.ty(0);
    match &ty {
        Type::Named(known::STRING, _) => Ok(Str::from(read_text(c, preserve)?).into()),
        Type::Array(element, 1) if **element == Type::BYTE => {
            let (bytes, _) = read(c, preserve)?;
            c.rt.allocate(bytes.len())?;
            Ok(collections::byte_array(bytes.to_vec()))
        }
        Type::Named(known::JTOKEN | known::JOBJECT | known::JARRAY, _) => {
            read_json(c, preserve, &ty)
        }
        wanted if xml::is_xml(wanted) => {
            let text = read_text(c, preserve)?;
            c.rt.allocate(crate::xml::size_of_tree(&text))?;
            match xml::parse_text(&text, wanted) {
                Ok(node) => Ok(Value::object(node)),
                Err(error) => Err(Fault::new(
                    error.type_name(),
                    format!("The message body is not a valid XML. {error}"),
                )),
            }
        }
        other => Err(Fault::new(
            "System.NotSupportedException",
            format!(
                "A message body cannot be read as '{other}'. Use string, byte[], JToken, JObject, JArray, XNode, XElement or XDocument."
            ),
        )),
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.IMessageBody");
    t.method("T As<T>(bool preserveContent = false)", read_as);
    t.method(
        "IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)",
        super::form::read,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charset(content_type: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static(content_type),
        );
        charset_of(&headers)
    }

    #[test]
    fn the_charset_is_taken_from_the_content_type() {
        assert_eq!(
            charset("text/plain; charset=\"iso-8859-1\""),
            Some("iso-8859-1".into())
        );
        assert_eq!(charset("text/plain;Charset=utf-8"), Some("utf-8".into()));
        assert_eq!(charset("application/json"), None);
    }

    #[test]
    fn text_is_decoded_by_charset_without_its_byte_order_mark() {
        assert_eq!(decode(b"\xef\xbb\xbfab", None).expect("text"), "ab");
        assert_eq!(decode(b"\xe9", Some("iso-8859-1")).expect("text"), "é");
        assert_eq!(decode(b"\xff\xfea\0", Some("utf-16")).expect("text"), "a");
        assert!(decode(b"a", Some("no-such-charset")).is_err());
    }
}
