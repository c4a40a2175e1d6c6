//! `Uri.GetComponents`, with `UriComponents` and `UriFormat`.

use super::uri::own;
use crate::clr::uri::Uri;
use crate::clr::uri_escape::{escape_part, unescape_data, unescape_for_display};
use crate::runtime::{Fault, R};
use crate::types::{TypeBuilder, Types};

const SCHEME: i64 = 0x1;
const USER_INFO: i64 = 0x2;
const HOST: i64 = 0x4;
const PORT: i64 = 0x8;
const PATH: i64 = 0x10;
const QUERY: i64 = 0x20;
const FRAGMENT: i64 = 0x40;
const STRONG_PORT: i64 = 0x80;
const NORMALIZED_HOST: i64 = 0x100;
const KEEP_DELIMITER: i64 = 0x4000_0000;
const ABSOLUTE: i64 = 0x7f;
/// `SerializationInfoString`
const WHOLE: i64 = -0x8000_0000;

pub(super) fn define_enumerations(types: &mut Types) {
    types
        .enumeration(
            "System.UriComponents",
            &[
                ("Scheme", SCHEME),
                ("UserInfo", USER_INFO),
                ("Host", HOST),
                ("Port", PORT),
                ("SchemeAndServer", SCHEME | HOST | PORT),
                ("Path", PATH),
                ("Query", QUERY),
                ("PathAndQuery", PATH | QUERY),
                ("HttpRequestUrl", SCHEME | HOST | PORT | PATH | QUERY),
                ("Fragment", FRAGMENT),
                ("AbsoluteUri", ABSOLUTE),
                ("StrongPort", STRONG_PORT),
                ("HostAndPort", HOST | STRONG_PORT),
                ("StrongAuthority", USER_INFO | HOST | STRONG_PORT),
                ("NormalizedHost", NORMALIZED_HOST),
                ("KeepDelimiter", KEEP_DELIMITER),
                ("SerializationInfoString", WHOLE),
            ],
        )
        .flags()
        .beyond_documentation();
    types
        .enumeration(
            "System.UriFormat",
            &[("UriEscaped", 1), ("Unescaped", 2), ("SafeUnescaped", 3)],
        )
        .beyond_documentation();
}

pub(super) fn define(t: &mut TypeBuilder<'_>) {
    t.method(
        "string GetComponents(UriComponents components, UriFormat format)",
        |c| {
            let uri = own(c, 0)?;
            Ok(components(&uri.0, c.enumeration(1)?, c.enumeration(2)?)?.into())
        },
    );
}

/// The chosen parts, joined with the delimiters that belong between them.
pub(super) fn components(uri: &Uri, components: i64, format: i64) -> R<String> {
    let whole = components & WHOLE != 0;
    if whole && components != WHOLE {
        return Err(Fault::outside("components"));
    }
    if format & !3 != 0 || format == 0 {
        return Err(Fault::outside("format"));
    }
    if whole && uri.absolute().is_none() {
        return Ok(match format {
            2 => unescape_data(uri.original()),
            3 => unescape_for_display(uri.original()),
            _ => escape_part(uri.original()),
        });
    }
    let components = if whole { ABSOLUTE } else { components };
    let parts = uri.parts()?;
    let has = |flag: i64| components & flag != 0;
    let several = (components & 0x1ff).count_ones() > 1 || has(KEEP_DELIMITER);
    let mut out = String::new();
    if has(SCHEME) {
        out.push_str(&parts.scheme);
        if several {
            out.push_str(if parts.has_authority { "://" } else { ":" });
        }
    }
    if let Some(user) = parts.user_info.as_ref().filter(|_| has(USER_INFO)) {
        out.push_str(user);
        if several {
            out.push('@');
        }
    }
    if has(HOST | NORMALIZED_HOST) {
        out.push_str(&parts.host_text());
    }
    let implied = crate::clr::uri::default_port(&parts.scheme);
    let port = if has(STRONG_PORT) {
        parts.port
    } else {
        parts.port.filter(|p| has(PORT) && Some(*p) != implied)
    };
    if let Some(port) = port {
        if has(HOST) {
            out.push(':');
        }
        out.push_str(&port.to_string());
    }
    if has(PATH) {
        // A path on its own loses its slash.
        let path = if several {
            parts.path.as_str()
        } else {
            parts.path.strip_prefix('/').unwrap_or(&parts.path)
        };
        out.push_str(path);
    }
    if has(QUERY) {
        out.push_str(if several {
            &parts.query
        } else {
            parts.query.strip_prefix('?').unwrap_or_default()
        });
    }
    if has(FRAGMENT) {
        out.push_str(if several {
            &parts.fragment
        } else {
            parts.fragment.strip_prefix('#').unwrap_or_default()
        });
    }
    Ok(match format {
        2 => unescape_data(&out),
        3 => unescape_for_display(&out),
        _ => out,
    })
}
