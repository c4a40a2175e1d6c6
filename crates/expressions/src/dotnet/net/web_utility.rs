//! `System.Net.WebUtility`.

use crate::clr::html;
use crate::clr::uri_escape::{url_decode, url_decode_bytes, url_encode};
use crate::dotnet::collections;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::Value;

/// Applies a function to a text; null stays null. `growth` bounds the result's size in multiples of the text's.
fn map(c: &mut Call<'_, '_>, growth: usize, apply: impl FnOnce(&str) -> String) -> R<Value> {
    let Some(text) = c.opt_str(0)? else {
        return Ok(Value::Null);
    };
    c.rt.allocate(text.len().saturating_mul(growth))?;
    Ok(apply(&text.to_utf8()).into())
}

/// The bytes an offset and a count choose.
fn range(c: &Call<'_, '_>) -> R<Vec<u8>> {
    let bytes = c.bytes(0)?;
    let start = usize::try_from(c.int(1)?);
    let count = usize::try_from(c.int(2)?);
    let chosen = match (start, count) {
        (Ok(start), Ok(count)) => start
            .checked_add(count)
            .and_then(|end| bytes.get(start..end)),
        _ => None,
    };
    chosen
        .map(<[u8]>::to_vec)
        .ok_or_else(|| Fault::outside("offset"))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.static_class("System.Net.WebUtility");
    t.static_method("string UrlEncode(string value)", |c| map(c, 9, url_encode));
    t.static_method("string UrlDecode(string encodedValue)", |c| {
        map(c, 3, url_decode)
    });
    t.static_method("string HtmlEncode(string value)", |c| {
        map(c, 9, html::encode)
    });
    t.static_method("string HtmlDecode(string value)", |c| {
        map(c, 3, html::decode)
    });
    t.static_method(
        "byte[] UrlEncodeToBytes(byte[] value, int offset, int count)",
        |c| {
            let bytes = range(c)?;
            c.rt.allocate(bytes.len().saturating_mul(3))?;
            Ok(collections::byte_array(
                crate::clr::uri_escape::url_encode_bytes(&bytes).into_bytes(),
            ))
        },
    );
    t.static_method(
        "byte[] UrlDecodeToBytes(byte[] encodedValue, int offset, int count)",
        |c| {
            let bytes = range(c)?;
            c.rt.allocate(bytes.len())?;
            Ok(collections::byte_array(url_decode_bytes(&bytes)))
        },
    );
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::text;
    use crate::value::Value;

    #[test]
    fn null_stays_null_and_text_is_coded() {
        assert_eq!(
            text(
                "System.Net.WebUtility",
                "string UrlEncode(string value)",
                &[Value::Null]
            ),
            "null"
        );
        assert_eq!(
            text(
                "System.Net.WebUtility",
                "string UrlEncode(string value)",
                &["a b&é".into()]
            ),
            "a+b%26%C3%A9"
        );
        assert_eq!(
            text(
                "System.Net.WebUtility",
                "string HtmlDecode(string value)",
                &["&lt;&eacute;".into()]
            ),
            "<é"
        );
    }
}
