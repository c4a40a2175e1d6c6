//! `Jwt`, `AsJwt` and `TryParseJwt`: what a token says, without checking its signature, expiry or audience.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::map::{Entries, ReadOnlyMap};
use super::named;
use crate::clr::datetime::{DateTime, DateTimeKind};
use crate::dotnet::collections;
use crate::json::{self, Formatting, JToken, ReaderOptions, Scalar, TokenType};
use crate::runtime::{Call, R};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};

const NAME: &str = "Tidegate.Jwt";
/// .NET ticks of 1970-01-01.
const EPOCH: i64 = 621_355_968_000_000_000;
const TICKS_PER_SECOND: f64 = 10_000_000.0;

/// A decoded token.
struct Jwt {
    header: JToken,
    payload: JToken,
    claims: Rc<Entries>,
}

impl Object for Jwt {
    fn type_of(&self) -> Type {
        named(NAME)
    }
}

/// Claims are texts: a date in one of them stays as it was written.
const OPTIONS: ReaderOptions = ReaderOptions {
    detect_dates: false,
    max_depth: 64,
};

fn part(text: &str) -> Option<JToken> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    json::parse_object(std::str::from_utf8(&bytes).ok()?, &OPTIONS).ok()
}

/// Decodes a compact token, with or without `Bearer ` before it; `None` when it is none.
fn parse(text: &str) -> Option<Jwt> {
    let text = text.trim();
    let token = match text.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => text,
    };
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=');
    if parts.next().is_some() || !signature.chars().all(is_base64) {
        return None;
    }
    let (header, payload) = (part(header)?, part(payload)?);
    let claims = payload
        .children()
        .iter()
        .filter_map(|property| {
            let (name, value) = (property.name()?, property.property_value()?);
            Some((name, claim_values(&value)))
        })
        .collect();
    Some(Jwt {
        header,
        payload,
        claims: Rc::new(claims),
    })
}

fn claim_values(value: &JToken) -> Vec<Str> {
    if value.token_type() == TokenType::Array {
        value.children().iter().map(claim_text).collect()
    } else {
        vec![claim_text(value)]
    }
}

/// One value of a claim: texts as they are, everything else as JSON.
fn claim_text(value: &JToken) -> Str {
    match value.scalar() {
        Some(Scalar::String(text)) => text,
        Some(Scalar::Null) => Str::EMPTY,
        _ => Str::from(value.to_json(Formatting::None)),
    }
}

/// A text of header or payload, null when it is absent or of another kind.
fn text_of(object: &JToken, name: &str) -> Value {
    match object.get_str(name).and_then(|value| value.scalar()) {
        Some(Scalar::String(text)) => text.into(),
        _ => Value::Null,
    }
}

/// Seconds since 1970 as a date, null when absent or out of range.
fn date_of(object: &JToken, name: &str) -> Value {
    let seconds = match object.get_str(name).and_then(|value| value.scalar()) {
        Some(scalar) => scalar.as_f64(),
        None => None,
    };
    let Some(seconds) = seconds.filter(|s| s.abs() < 1e12) else {
        return Value::Null;
    };
    #[allow(clippy::cast_possible_truncation)] // bounded above
    let ticks = EPOCH + (seconds * TICKS_PER_SECOND) as i64;
    DateTime::from_ticks(ticks, DateTimeKind::Utc).map_or(Value::Null, Value::from)
}

fn read(c: &mut Call<'_, '_>) -> R<Value> {
    let Some(text) = c.opt_str(0)? else {
        return Ok(Value::Null);
    };
    c.rt.spend(1 + text.len() as u64 / 64)?;
    c.rt.allocate(text.len().saturating_mul(4))?;
    Ok(text
        .as_str()
        .and_then(parse)
        .map_or(Value::Null, Value::object))
}

fn jwt(c: &Call<'_, '_>) -> R<Rc<Jwt>> {
    c.object::<Jwt>(0)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class(NAME);
    t.property("string Algorithm", |c| Ok(text_of(&jwt(c)?.header, "alg")));
    t.property("string Type", |c| Ok(text_of(&jwt(c)?.header, "typ")));
    t.property("string Id", |c| Ok(text_of(&jwt(c)?.payload, "jti")));
    t.property("string Issuer", |c| Ok(text_of(&jwt(c)?.payload, "iss")));
    t.property("string Subject", |c| Ok(text_of(&jwt(c)?.payload, "sub")));
    t.property("IEnumerable<string> Audiences", |c| {
        let audiences = match jwt(c)?.payload.get_str("aud") {
            Some(value) => claim_values(&value),
            None => Vec::new(),
        };
        Ok(collections::array(
            Type::STRING,
            audiences.into_iter().map(Value::Str).collect(),
        ))
    });
    t.property("IReadOnlyDictionary<string, string[]> Claims", |c| {
        Ok(ReadOnlyMap::multi(jwt(c)?.claims.clone(), false))
    });
    t.property("DateTime? ExpirationTime", |c| {
        Ok(date_of(&jwt(c)?.payload, "exp"))
    });
    t.property("DateTime? IssuedAt", |c| {
        Ok(date_of(&jwt(c)?.payload, "iat"))
    });
    t.property("DateTime? NotBefore", |c| {
        Ok(date_of(&jwt(c)?.payload, "nbf"))
    });

    let mut t = types.static_class("Tidegate.JwtExtensions");
    t.extension("Jwt AsJwt(this string input)", read);
    t.extension("bool TryParseJwt(this string input, out Jwt result)", |c| {
        let found = read(c)?;
        let success = !found.is_null();
        c.set(1, found);
        Ok(success.into())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!(
            "{}.{}.c2ln",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        )
    }

    #[test]
    fn claims_are_texts_by_name() {
        let text = token(
            r#"{"alg":"RS256","typ":"JWT"}"#,
            r#"{"aud":["a","b"],"sub":"s","n":5,"yes":true,"o":{"k":[1]},"d":"2024-01-02T03:04:05Z","exp":1704164645}"#,
        );
        let jwt = parse(&format!("Bearer {text}")).expect("a token");
        let claim = |name: &str| -> Vec<String> {
            jwt.claims
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.iter().map(Str::to_string).collect())
                .unwrap_or_default()
        };
        assert_eq!(claim("aud"), ["a", "b"]);
        assert_eq!(claim("n"), ["5"]);
        assert_eq!(claim("yes"), ["true"]);
        assert_eq!(claim("o"), [r#"{"k":[1]}"#]);
        assert_eq!(claim("d"), ["2024-01-02T03:04:05Z"]);
        let Value::DateTime(expires) = date_of(&jwt.payload, "exp") else {
            panic!("a date");
        };
        assert_eq!(
            crate::clr::datetime_format::datetime_text(expires),
            "01/02/2024 03:04:05"
        );
        assert!(date_of(&jwt.payload, "nbf").is_null());
    }

    #[test]
    fn what_is_no_token_gives_nothing() {
        let good = token("{}", "{}");
        assert!(parse(&good).is_some());
        for text in [
            "",
            "a.b.c",
            "Basic x",
            "a.b",
            "....",
            &good.replace(".c2ln", ".!"),
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
