//! The static members of `System.Uri`: escaping, checks of names and digits, comparison.

use super::uri::{UriObject, kind};
use super::uri_parts;
use crate::clr::uri::{HostType, Uri, host_type, is_scheme};
use crate::clr::uri_escape::{escape_data, escape_uri, unescape_data};
use crate::dotnet::numbers::enum_result;
use crate::dotnet::text::compare_strings;
use crate::runtime::{Call, Fault, R};
use crate::types::TypeBuilder;
use crate::value::Value;

/// Escapes a text with half surrogate pairs replaced. One that ends a run of characters beyond ASCII is refused, or takes
/// the character behind it along, as in .NET, which escapes such runs at once.
fn escaped(c: &mut Call<'_, '_>, escape: fn(&str) -> String) -> R<Value> {
    /// Characters that .NET escapes at a time.
    const RUN: usize = 39;
    let text = c.str(0)?;
    c.rt.allocate(text.len().saturating_mul(3))?;
    if let Some(whole) = text.as_str() {
        return Ok(escape(whole).into());
    }
    let units = text.units();
    let mut out = String::new();
    let mut rest = &*units;
    while let Some(at) = rest.iter().position(|unit| *unit > 0x7f) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(&escape(&String::from_utf16_lossy(plain)));
        let run = tail.iter().take(RUN).take_while(|unit| **unit > 0x7f);
        let mut count = run.count();
        let mut taken = None;
        if tail
            .get(count - 1)
            .is_some_and(|last| (0xd800..0xdc00).contains(last))
        {
            if count == 1 || count == tail.len() {
                return Err(Fault::new(
                    "System.UriFormatException",
                    "Invalid URI: There is an invalid sequence in the string.",
                ));
            }
            taken = tail.get(count).filter(|unit| **unit <= 0x7f);
            count += usize::from(taken.is_none());
        }
        let (run, after) = tail.split_at(count.min(tail.len()));
        out.push_str(&escape(&String::from_utf16_lossy(run)));
        rest = after;
        if let Some(unit) = taken {
            out.push_str(&format!("%{unit:02X}"));
            rest = after.get(1..).unwrap_or_default();
        }
    }
    out.push_str(&escape(&String::from_utf16_lossy(rest)));
    Ok(out.into())
}

/// Declares them.
pub(super) fn define(t: &mut TypeBuilder<'_>) {
    t.static_method("string EscapeDataString(string stringToEscape)", |c| {
        escaped(c, escape_data)
    });
    t.static_method("string EscapeUriString(string stringToEscape)", |c| {
        escaped(c, escape_uri)
    });
    t.static_method("string UnescapeDataString(string stringToUnescape)", |c| {
        let text = c.str(0)?;
        c.rt.allocate(text.len())?;
        Ok(match text.as_str() {
            Some(text) => unescape_data(text).into(),
            None => text.into(),
        })
    });
    t.static_method(
        "bool IsWellFormedUriString(string uriString, UriKind uriKind)",
        |c| {
            let kind = kind(c, 1)?;
            let uri = c
                .opt_str(0)?
                .and_then(|text| Uri::parse(&text.to_utf8(), kind).ok());
            Ok(uri.is_some_and(|uri| uri.is_well_formed()).into())
        },
    );
    t.static_method("bool CheckSchemeName(string schemeName)", |c| {
        Ok(c.opt_str(0)?
            .is_some_and(|name| is_scheme(&name.to_utf8()))
            .into())
    });
    t.static_method("UriHostNameType CheckHostName(string name)", |c| {
        let number =
            c.opt_str(0)?
                .map_or(HostType::Unknown, |name| host_type(&name.to_utf8())) as i64;
        Ok(enum_result(c, number))
    });
    t.static_method("string HexEscape(char character)", |c| {
        let unit = c.char(0)?;
        let byte = u8::try_from(unit).map_err(|_| Fault::outside("character"))?;
        Ok(format!("%{byte:02X}").into())
    });
    t.static_method("char HexUnescape(string pattern, ref int index)", |c| {
        let text = c.opt_str(0)?.ok_or_else(Fault::null_reference)?;
        let at = usize::try_from(c.int(1)?).ok();
        let unit = |n: usize| at.and_then(|at| text.unit(at + n));
        let digit = |n: usize| unit(n).and_then(hex);
        let (Some(at), Some(first)) = (at, unit(0)) else {
            return Err(Fault::outside("index"));
        };
        let (value, read) = match (first == u16::from(b'%'), digit(1), digit(2)) {
            (true, Some(high), Some(low)) => (u16::try_from(high * 16 + low).unwrap_or(0), 3),
            _ => (first, 1),
        };
        c.set(1, i32::try_from(at + read).unwrap_or(i32::MAX));
        Ok(Value::Char(value))
    });
    t.static_method("bool IsHexDigit(char character)", |c| {
        Ok(hex(c.char(0)?).is_some().into())
    });
    t.static_method("int FromHex(char digit)", |c| {
        let digit = hex(c.char(0)?).ok_or_else(|| {
            Fault::argument("Value does not fall within the expected range.", "digit")
        })?;
        Ok(i32::try_from(digit).unwrap_or_default().into())
    });
    t.static_method("bool IsHexEncoding(string pattern, int index)", |c| {
        let text = c.opt_str(0)?.ok_or_else(Fault::null_reference)?;
        let index = c.int(1)?;
        let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
        if index < 0 && length - i64::from(index) >= 3 {
            return Err(Fault::index_out_of_range());
        }
        let unit = |n: usize| usize::try_from(index).ok().and_then(|at| text.unit(at + n));
        let digits = (1..3).all(|n| unit(n).is_some_and(|u| hex(u).is_some()));
        Ok((unit(0) == Some(u16::from(b'%')) && digits).into())
    });
    t.static_method(
        "int Compare(Uri uri1, Uri uri2, UriComponents partsToCompare, UriFormat compareFormat, StringComparison comparisonType)",
        |c| {
            let comparison = crate::dotnet::text::comparison(c, 4)?;
            let (a, b) = (c.opt_object::<UriObject>(0)?, c.opt_object::<UriObject>(1)?);
            let order = match (a, b) {
                (None, None) => 0,
                (None, _) => -1,
                (_, None) => 1,
                (Some(a), Some(b)) if a.0.absolute().is_none() || b.0.absolute().is_none() => {
                    match (a.0.absolute(), b.0.absolute()) {
                        (Some(_), _) => 1,
                        (_, Some(_)) => -1,
                        _ => compare_strings(
                            Some(a.0.original().into()),
                            Some(b.0.original().into()),
                            comparison,
                        ),
                    }
                }
                (Some(a), Some(b)) => {
                    let (components, format) = (c.enumeration(2)?, c.enumeration(3)?);
                    let a = uri_parts::components(&a.0, components, format)?;
                    let b = uri_parts::components(&b.0, components, format)?;
                    compare_strings(Some(a.into()), Some(b.into()), comparison)
                }
            };
            Ok(order.into())
        },
    );
}

fn hex(unit: u16) -> Option<u32> {
    char::from_u32(unit.into()).and_then(|c| c.to_digit(16))
}
