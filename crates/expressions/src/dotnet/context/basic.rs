//! `BasicAuthCredentials`, `AsBasic` and `TryParseBasic`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::named;
use crate::runtime::{Call, R};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};

const NAME: &str = "Tidegate.BasicAuthCredentials";

/// User and password of an `Authorization: Basic` header.
struct Credentials {
    user: Str,
    password: Str,
}

impl Object for Credentials {
    fn type_of(&self) -> Type {
        named(NAME)
    }
}

/// Reads `Basic <base64>`: the scheme in any case, the bytes as ISO-8859-1, split at the first colon (RFC 7617). `None`
/// when it is malformed or names no user.
fn parse(text: &str) -> Option<Credentials> {
    let (scheme, encoded) = text.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let decoded: String = bytes.into_iter().map(char::from).collect();
    let (user, password) = decoded.split_once(':')?;
    (!user.is_empty()).then(|| Credentials {
        user: Str::from(user),
        password: Str::from(password),
    })
}

fn read(c: &mut Call<'_, '_>) -> R<Value> {
    let Some(text) = c.opt_str(0)? else {
        return Ok(Value::Null);
    };
    c.rt.allocate(text.len())?;
    Ok(text
        .as_str()
        .and_then(parse)
        .map_or(Value::Null, Value::object))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class(NAME);
    t.property("string UserId", |c| {
        Ok(c.object::<Credentials>(0)?.user.clone().into())
    });
    t.property("string Username", |c| {
        Ok(c.object::<Credentials>(0)?.user.clone().into())
    });
    t.property("string Password", |c| {
        Ok(c.object::<Credentials>(0)?.password.clone().into())
    });

    let mut t = types.static_class("Tidegate.BasicAuthExtensions");
    t.extension("BasicAuthCredentials AsBasic(this string input)", read);
    t.extension(
        "bool TryParseBasic(this string input, out BasicAuthCredentials result)",
        |c| {
            let found = read(c)?;
            let success = !found.is_null();
            c.set(1, found);
            Ok(success.into())
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user_and_password(text: &str) -> Option<(String, String)> {
        parse(text).map(|c| (c.user.to_string(), c.password.to_string()))
    }

    #[test]
    fn credentials_split_at_the_first_colon() {
        // "Aladdin:open:sesame"
        assert_eq!(
            user_and_password("basic QWxhZGRpbjpvcGVuOnNlc2FtZQ=="),
            Some(("Aladdin".into(), "open:sesame".into()))
        );
        // "u:\xe9" in ISO-8859-1
        assert_eq!(
            user_and_password("Basic dTrp"),
            Some(("u".into(), "é".into()))
        );
    }

    #[test]
    fn malformed_headers_give_nothing() {
        for text in [
            "",
            "Basic",
            "Bearer dTrp",
            "Basic ???",
            "Basic OnA=",
            "Basic dQ==",
        ] {
            assert_eq!(user_and_password(text), None, "{text}");
        }
    }
}
