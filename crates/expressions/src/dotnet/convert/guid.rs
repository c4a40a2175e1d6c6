//! `System.Guid`.

use uuid::{Builder, Uuid};

use crate::clr::guid::{from_bytes, parse, parse_exact, to_bytes};
use crate::dotnet::collections;
use crate::dotnet::numbers::{compare_to, compare_to_object, equals, to_text_with_format};
use crate::runtime::{Call, Fault, R};
use crate::types::Types;
use crate::value::{Const, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.structure("System.Guid");
    t.base("IComparable").base("IFormattable");
    t.constant("Guid Empty", Const::Guid(Uuid::nil()));
    t.constructor("(string g)", |c| Ok(parse(&c.str(0)?.to_utf8())?.into()));
    t.constructor("(int a, short b, short c, byte[] d)", |c| {
        let tail = c.bytes(3)?;
        let Ok(tail) = <[u8; 8]>::try_from(tail) else {
            return Err(Fault::argument(
                "Byte array for GUID must be exactly 8 bytes long.",
                "d",
            ));
        };
        let fields = (
            c.int(0)?.cast_unsigned(),
            c.short(1)?.cast_unsigned(),
            c.short(2)?.cast_unsigned(),
        );
        Ok(Uuid::from_fields(fields.0, fields.1, fields.2, &tail).into())
    });
    t.constructor("(byte[] b)", |c| Ok(from_bytes(&c.bytes(0)?)?.into()));
    t.constructor(
        "(int a, short b, short c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)",
        |c| {
            let tail = [
                c.byte(3)?,
                c.byte(4)?,
                c.byte(5)?,
                c.byte(6)?,
                c.byte(7)?,
                c.byte(8)?,
                c.byte(9)?,
                c.byte(10)?,
            ];
            let (a, b, third) = (c.int(0)?, c.short(1)?, c.short(2)?);
            Ok(Uuid::from_fields(
                a.cast_unsigned(),
                b.cast_unsigned(),
                third.cast_unsigned(),
                &tail,
            )
            .into())
        },
    );
    t.constructor(
        "(uint a, ushort b, ushort c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)",
        |c| {
            let mut tail = [0; 8];
            for (index, byte) in tail.iter_mut().enumerate() {
                *byte = c.byte(3 + index)?;
            }
            let field = |index: usize| c.value(index).as_integer().unwrap_or_default();
            Ok(Uuid::from_fields(
                u32::try_from(field(0)).unwrap_or_default(),
                u16::try_from(field(1)).unwrap_or_default(),
                u16::try_from(field(2)).unwrap_or_default(),
                &tail,
            )
            .into())
        },
    );
    t.static_method("Guid NewGuid()", |c| {
        let (high, low) = (c.rt.host.random(), c.rt.host.random());
        let random = (u128::from(high) << 64) | u128::from(low);
        Ok(Builder::from_random_bytes(random.to_be_bytes())
            .into_uuid()
            .into())
    });
    t.static_method("Guid Parse(string input)", |c| {
        Ok(parse(&c.str(0)?.to_utf8())?.into())
    });
    t.static_method("Guid ParseExact(string input, string format)", |c| {
        Ok(parse_exact(&c.str(0)?.to_utf8(), &c.str(1)?.to_utf8())?.into())
    });
    t.static_method("bool TryParse(string input, out Guid result)", |c| {
        let parsed = c.opt_str(0)?.and_then(|text| parse(&text.to_utf8()).ok());
        Ok(store(c, 1, parsed))
    });
    t.static_method(
        "bool TryParseExact(string input, string format, out Guid result)",
        |c| {
            let parsed = match (c.opt_str(0)?, c.opt_str(1)?) {
                (Some(text), Some(format)) => parse_exact(&text.to_utf8(), &format.to_utf8()).ok(),
                _ => None,
            };
            Ok(store(c, 2, parsed))
        },
    );
    t.method("byte[] ToByteArray()", |c| {
        Ok(collections::byte_array(to_bytes(c.guid(0)?).to_vec()))
    });
    t.method("string ToString(string format)", to_text_with_format);
    t.method(
        "string ToString(string format, IFormatProvider provider)",
        to_text_with_format,
    );
    t.method("int CompareTo(Guid value)", |c| compare_to(c));
    t.method("int CompareTo(object value)", |c| {
        compare_to_object(c, "GUID")
    });
    t.method("bool Equals(Guid g)", |c| equals(c));
    t.operator("bool operator ==(Guid a, Guid b)", |c| same(c));
    t.operator("bool operator !=(Guid a, Guid b)", |c| {
        Ok((c.guid(0)? != c.guid(1)?).into())
    });
}

fn store(c: &mut Call<'_, '_>, out: usize, parsed: Option<Uuid>) -> Value {
    c.set(out, parsed.unwrap_or_default());
    parsed.is_some().into()
}

fn same(c: &Call<'_, '_>) -> R<Value> {
    Ok((c.guid(0)? == c.guid(1)?).into())
}

#[cfg(test)]
mod tests {
    use crate::dotnet::collections::byte_array;
    use crate::dotnet::probe::{text, value};

    #[test]
    fn text_and_bytes() {
        let id = value(
            "System.Guid",
            "(string g)",
            &mut ["00112233445566778899aabbccddeeff".into()],
        )
        .unwrap();
        assert_eq!(
            text(
                "System.Guid",
                "string ToString(string format)",
                &[id.clone(), "P".into()]
            ),
            "(00112233-4455-6677-8899-aabbccddeeff)"
        );
        assert_eq!(
            text("System.Guid", "byte[] ToByteArray()", &[id]),
            "33221100554477668899aabbccddeeff"
        );
        assert_eq!(
            text("System.Guid", "(byte[] b)", &[byte_array(vec![0; 3])]),
            "throws ArgumentException"
        );
        assert_eq!(
            text("System.Guid", "Guid Parse(string input)", &["xyz".into()]),
            "throws FormatException"
        );
        assert_eq!(text("System.Guid", "Guid NewGuid()", &[]).len(), 36);
    }
}
