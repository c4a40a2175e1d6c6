//! The static members of `System.Uri`: escaping, checks of names and digits, comparison.

use std::cmp::Ordering;

use super::uri::{UriObject, kind};
use super::uri_parts;
use crate::clr;
use crate::clr::uri::{HostType, Uri, host_type, is_scheme};
use crate::clr::uri_escape::{escape_data, escape_uri, unescape_data};
use crate::dotnet::numbers::enum_result;
use crate::runtime::{Call, Fault, R};
use crate::types::TypeBuilder;
use crate::value::Str;

/// Text that UTF-8 cannot hold has no escaped form.
fn whole_text(c: &Call<'_, '_>) -> R<Str> {
    let text = c.str(0)?;
    if text.as_str().is_none() {
        return Err(Fault::new(
            "System.UriFormatException",
            "Invalid URI: There is an invalid sequence in the string.",
        ));
    }
    Ok(text)
}

/// Declares them.
#[cold]
pub(super) fn define(t: &mut TypeBuilder<'_>) {
    t.static_method("string EscapeDataString(string stringToEscape)", |c| {
        let text = whole_text(c)?;
        c.rt.allocate(text.len().saturating_mul(3))?;
        Ok(escape_data(&text.to_utf8()).into())
    });
    t.static_method("string EscapeUriString(string stringToEscape)", |c| {
        let text = whole_text(c)?;
        c.rt.allocate(text.len().saturating_mul(3))?;
        Ok(escape_uri(&text.to_utf8()).into())
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
        let byte = u8::try_from(unit).map_err(|_| {
            Fault::out_of_range(
                "character",
                "Specified argument was out of the range of valid values.",
            )
        })?;
        Ok(format!("%{byte:02X}").into())
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
        let (text, index) = (c.str(0)?, c.int(1)?);
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
                (None, None) => Ordering::Equal,
                (None, _) => Ordering::Less,
                (_, None) => Ordering::Greater,
                (Some(a), Some(b)) => {
                    let (components, format) = (c.enumeration(2)?, c.enumeration(3)?);
                    let a = uri_parts::components(&a.0, components, format)?;
                    let b = uri_parts::components(&b.0, components, format)?;
                    clr::compare::compare(&a, &b, comparison)
                }
            };
            Ok((order as i32).into())
        },
    );
}

fn hex(unit: u16) -> Option<u32> {
    char::from_u32(unit.into()).and_then(|c| c.to_digit(16))
}
