//! `System.Text.Encoding` and the classes of its encodings.

use std::rc::Rc;

use crate::clr::encoding::Encoding;
use crate::dotnet::collections;
use crate::runtime::{Call, Fault, R};
use crate::types::{Registry, Type, TypeBuilder, Types};
use crate::value::{Object, Str, Value};

/// An encoding, and whether `Clone()` has made it.
struct EncodingObject(Encoding, bool);

const BASE: &str = "System.Text.Encoding";

impl Object for EncodingObject {
    fn type_of(&self) -> Type {
        let name = match self.0 {
            Encoding::Utf8 { .. } => "System.Text.UTF8Encoding",
            Encoding::Ascii => "System.Text.ASCIIEncoding",
            Encoding::Utf16Le | Encoding::Utf16Be => "System.Text.UnicodeEncoding",
            Encoding::Utf32Le | Encoding::Utf32Be => "System.Text.UTF32Encoding",
            Encoding::Utf7 => "System.Text.UTF7Encoding",
            Encoding::Latin1 | Encoding::Windows1252 => BASE,
        };
        Registry::get()
            .by_full_name(name)
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| other.0 == self.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(u64::from(self.0.code_page().unsigned_abs()))
    }
}

fn value(encoding: Encoding) -> Value {
    Value::object(EncodingObject(encoding, false))
}

const UTF8: Encoding = Encoding::Utf8 { bom: true };

/// `Encoding.Unicode`
pub(in crate::dotnet) fn unicode_encoding() -> Value {
    value(Encoding::Utf16Le)
}

fn own(c: &Call<'_, '_>) -> R<Rc<EncodingObject>> {
    c.object::<EncodingObject>(0)
}

/// `Encoding.Convert`: bytes of the first argument's encoding in that of the second.
fn recode(c: &mut Call<'_, '_>, bytes: &[u8]) -> R<Value> {
    let (from, to) = (
        c.object::<EncodingObject>(0)?,
        c.object::<EncodingObject>(1)?,
    );
    c.rt.allocate(bytes.len().saturating_mul(4))?;
    Ok(collections::byte_array(to.0.encode(&from.0.decode(bytes))))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class(BASE);
    t.static_property("Encoding UTF8", |_| Ok(value(UTF8)));
    t.static_property("Encoding Default", |_| {
        Ok(value(Encoding::Utf8 { bom: false }))
    });
    t.static_property("Encoding ASCII", |_| Ok(value(Encoding::Ascii)));
    t.static_property("Encoding Unicode", |_| Ok(value(Encoding::Utf16Le)));
    t.static_property("Encoding BigEndianUnicode", |_| {
        Ok(value(Encoding::Utf16Be))
    });
    t.static_property("Encoding UTF32", |_| Ok(value(Encoding::Utf32Le)));
    t.static_property("Encoding UTF7", |_| Ok(value(Encoding::Utf7)));
    t.static_method("Encoding GetEncoding(string name)", |c| {
        Ok(value(Encoding::by_name(&c.str(0)?.to_utf8())?))
    });
    t.static_method("Encoding GetEncoding(int codepage)", |c| {
        Ok(value(Encoding::by_code_page(c.int(0)?)?))
    });
    t.static_method(
        "byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes, int index, int count)",
        |c| {
            let bytes = c.bytes(2)?;
            let negative = |name| Fault::out_of_range(name, "Non-negative number required.");
            let index = usize::try_from(c.int(3)?).map_err(|_| negative("index"))?;
            let count = usize::try_from(c.int(4)?).map_err(|_| negative("count"))?;
            let part = bytes.get(index..index.saturating_add(count));
            let outside = || {
                let message = "Index and count must refer to a location within the buffer.";
                Fault::out_of_range("bytes", message)
            };
            recode(c, part.ok_or_else(outside)?)
        },
    );
    t.static_method(
        "byte[] Convert(Encoding srcEncoding, Encoding dstEncoding, byte[] bytes)",
        |c| {
            let bytes = c.bytes(2)?;
            recode(c, &bytes)
        },
    );
    t.property("string EncodingName", |c| {
        Ok(own(c)?.0.display_name().into())
    });
    t.property("bool IsReadOnly", |c| Ok((!own(c)?.1).into()));
    t.method("object Clone()", |c| {
        Ok(Value::object(EncodingObject(own(c)?.0, true)))
    });
    t.property("string WebName", |c| Ok(own(c)?.0.web_name().into()));
    t.property("string BodyName", |c| Ok(own(c)?.0.web_name().into()));
    t.property("string HeaderName", |c| Ok(own(c)?.0.web_name().into()));
    t.property("int CodePage", |c| Ok(own(c)?.0.code_page().into()));
    t.property("bool IsSingleByte", |c| {
        Ok(own(c)?.0.is_single_byte().into())
    });
    t.method("byte[] GetPreamble()", |c| {
        Ok(collections::byte_array(own(c)?.0.preamble().to_vec()))
    });
    t.method("int GetMaxByteCount(int charCount)", |c| {
        count(own(c)?.0.max_byte_count(c.int(1)?), "charCount", c.int(1)?)
    });
    t.method("int GetMaxCharCount(int byteCount)", |c| {
        count(own(c)?.0.max_char_count(c.int(1)?), "byteCount", c.int(1)?)
    });
    encode(&mut t);
    decode(&mut t);

    let mut t = types.class("System.Text.UTF8Encoding");
    t.base("Encoding");
    t.constructor("()", |_| Ok(value(Encoding::Utf8 { bom: false })));
    t.constructor("(bool encoderShouldEmitUTF8Identifier)", |c| {
        Ok(value(Encoding::Utf8 { bom: c.bool(0)? }))
    });
    let mut t = types.class("System.Text.ASCIIEncoding");
    t.base("Encoding");
    t.constructor("()", |_| Ok(value(Encoding::Ascii)));
    let mut t = types.class("System.Text.UnicodeEncoding");
    t.base("Encoding");
    t.constructor("()", |_| Ok(value(Encoding::Utf16Le)));
    t.constructor("(bool bigEndian, bool byteOrderMark)", |c| {
        Ok(value(if c.bool(0)? {
            Encoding::Utf16Be
        } else {
            Encoding::Utf16Le
        }))
    });
    let mut t = types.class("System.Text.UTF32Encoding");
    t.base("Encoding");
    t.constructor("()", |_| Ok(value(Encoding::Utf32Le)));
    let mut t = types.class("System.Text.UTF7Encoding");
    t.base("Encoding");
    t.constructor("()", |_| Ok(value(Encoding::Utf7)));
}

fn count(result: i64, parameter: &str, argument: i32) -> R<Value> {
    if argument < 0 {
        return Err(Fault::out_of_range(
            parameter,
            "Non-negative number required.",
        ));
    }
    i32::try_from(result)
        .map(Into::into)
        .map_err(|_| Fault::out_of_range(parameter, "Too many characters. The resulting number of bytes is larger than what can be returned as an int."))
}

fn bytes_of(c: &mut Call<'_, '_>, text: &Str) -> R<Vec<u8>> {
    c.rt.allocate(text.len().saturating_mul(4))?;
    Ok(own(c)?.0.encode(&text.to_utf8()))
}

/// A `char[]` argument as text.
fn chars(c: &Call<'_, '_>, index: usize) -> R<Vec<u16>> {
    let items = collections::elements_of(&c.required(index)?).unwrap_or_default();
    Ok(items
        .iter()
        .filter_map(|v| {
            if let Value::Char(unit) = v {
                Some(*unit)
            } else {
                None
            }
        })
        .collect())
}

/// The part of an array that an index and a count name.
fn part<'a, T>(items: &'a [T], index: i32, count: i32, array: &str) -> R<&'a [T]> {
    let start = usize::try_from(index)
        .map_err(|_| Fault::out_of_range("index", "Non-negative number required."))?;
    let length = usize::try_from(count)
        .map_err(|_| Fault::out_of_range("count", "Non-negative number required."))?;
    start
        .checked_add(length)
        .and_then(|end| items.get(start..end))
        .ok_or_else(|| {
            Fault::out_of_range(
                array,
                "Index and count must refer to a location within the buffer.",
            )
        })
}

fn encode(t: &mut TypeBuilder<'_>) {
    t.method("byte[] GetBytes(string s)", |c| {
        let text = c.str(1)?;
        Ok(collections::byte_array(bytes_of(c, &text)?))
    });
    t.method("byte[] GetBytes(char[] chars)", |c| {
        let text = Str::from_units(&chars(c, 1)?);
        Ok(collections::byte_array(bytes_of(c, &text)?))
    });
    t.method("byte[] GetBytes(char[] chars, int index, int count)", |c| {
        let units = chars(c, 1)?;
        let text = Str::from_units(part(&units, c.int(2)?, c.int(3)?, "chars")?);
        Ok(collections::byte_array(bytes_of(c, &text)?))
    });
    t.method("int GetByteCount(string s)", |c| {
        let text = c.str(1)?;
        length(bytes_of(c, &text)?.len())
    });
    t.method("byte[] GetBytes(string s, int index, int count)", |c| {
        let text = c.str(1)?;
        let text = Str::from_units(part(&text.units(), c.int(2)?, c.int(3)?, "s")?);
        let bytes = bytes_of(c, &text)?;
        Ok(collections::byte_array(bytes))
    });
    t.method("int GetByteCount(string s, int index, int count)", |c| {
        let text = c.str(1)?;
        let text = Str::from_units(part(&text.units(), c.int(2)?, c.int(3)?, "s")?);
        length(bytes_of(c, &text)?.len())
    });
    t.method(
        "int GetByteCount(char[] chars, int index, int count)",
        |c| {
            let units = chars(c, 1)?;
            let text = Str::from_units(part(&units, c.int(2)?, c.int(3)?, "chars")?);
            length(bytes_of(c, &text)?.len())
        },
    );
    t.method("int GetByteCount(char[] chars)", |c| {
        let text = Str::from_units(&chars(c, 1)?);
        length(bytes_of(c, &text)?.len())
    });
}

fn length(count: usize) -> R<Value> {
    Ok(i32::try_from(count).map_err(|_| Fault::overflow())?.into())
}

fn text_of(c: &mut Call<'_, '_>, bytes: &[u8]) -> R<Str> {
    c.rt.allocate(bytes.len().saturating_mul(3))?;
    Ok(Str::from(own(c)?.0.decode(bytes)))
}

fn decode(t: &mut TypeBuilder<'_>) {
    t.method("string GetString(byte[] bytes)", |c| {
        let bytes = c.bytes(1)?;
        Ok(text_of(c, &bytes)?.into())
    });
    t.method(
        "string GetString(byte[] bytes, int index, int count)",
        |c| {
            let bytes = c.bytes(1)?;
            let range = part(&bytes, c.int(2)?, c.int(3)?, "bytes")?;
            Ok(text_of(c, range)?.into())
        },
    );
    t.method("char[] GetChars(byte[] bytes)", |c| {
        let bytes = c.bytes(1)?;
        let text = text_of(c, &bytes)?;
        c.rt.allocate(text.len() * size_of::<Value>())?;
        Ok(collections::array(
            Type::CHAR,
            text.units().iter().map(|unit| Value::Char(*unit)).collect(),
        ))
    });
    t.method("char[] GetChars(byte[] bytes, int index, int count)", |c| {
        let bytes = c.bytes(1)?;
        let range = part(&bytes, c.int(2)?, c.int(3)?, "bytes")?;
        let text = text_of(c, range)?;
        c.rt.allocate(text.len() * size_of::<Value>())?;
        let units = text.units();
        let items = units.iter().map(|unit| Value::Char(*unit));
        Ok(collections::array(Type::CHAR, items.collect()))
    });
    t.method(
        "int GetCharCount(byte[] bytes, int index, int count)",
        |c| {
            let bytes = c.bytes(1)?;
            let range = part(&bytes, c.int(2)?, c.int(3)?, "bytes")?;
            length(text_of(c, range)?.len())
        },
    );
    t.method("int GetCharCount(byte[] bytes)", |c| {
        let bytes = c.bytes(1)?;
        length(text_of(c, &bytes)?.len())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dotnet::probe::{text, value};

    #[test]
    fn texts_and_bytes() {
        let utf8 = value(BASE, "Encoding UTF8", &mut []).unwrap();
        assert_eq!(
            text(
                BASE,
                "byte[] GetBytes(string s)",
                &[utf8.clone(), "é€😀".into()]
            ),
            "c3a9e282acf09f9880"
        );
        assert_eq!(
            text(
                BASE,
                "byte[] GetBytes(string s)",
                &[utf8.clone(), Value::Null]
            ),
            "throws ArgumentNullException"
        );
        assert_eq!(
            text(
                BASE,
                "byte[] GetBytes(string s)",
                &[utf8.clone(), Str::from_unit(0xd800).into()]
            ),
            "efbfbd"
        );
        assert_eq!(
            text(
                BASE,
                "string GetString(byte[] bytes)",
                &[utf8.clone(), collections::byte_array(vec![0xff, 0x41])]
            ),
            "\u{fffd}A"
        );
        assert_eq!(
            text(BASE, "string WebName", std::slice::from_ref(&utf8)),
            "utf-8"
        );
        assert_eq!(
            text(
                BASE,
                "int GetByteCount(string s)",
                &[utf8.clone(), "é".into()]
            ),
            "2"
        );
        let range = "string GetString(byte[] bytes, int index, int count)";
        assert_eq!(
            text(
                BASE,
                range,
                &[utf8, collections::byte_array(vec![65]), 0.into(), 2.into()]
            ),
            "throws ArgumentOutOfRangeException"
        );
        assert_eq!(
            text(BASE, "Encoding GetEncoding(string name)", &["nope".into()]),
            "throws ArgumentException"
        );
    }
}
