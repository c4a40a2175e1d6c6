//! `KeyedHashAlgorithm`, `HMAC` and the classes derived from it.

use super::hash::Hasher;
use super::names::bytes;
use super::{def, random_bytes};
use crate::crypto::HashKind;
use crate::runtime::{Call, Fault, R};
use crate::types::{Type, Types};
use crate::value::{Str, Value};

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Security.Cryptography.KeyedHashAlgorithm");
    t.base("HashAlgorithm");
    t.property_with_set(
        "byte[] Key",
        |c| {
            let hasher = c.object::<Hasher>(0)?;
            let key = hasher.key.as_ref().map(|key| key.borrow().clone());
            Ok(key.map_or(Value::Null, bytes))
        },
        |c| {
            let key = c.bytes(1)?;
            if let Some(slot) = &c.object::<Hasher>(0)?.key {
                *slot.borrow_mut() = key;
            }
            Ok(Value::Null)
        },
    )
    .mutates();

    let mut t = types.class("System.Security.Cryptography.HMAC");
    t.base("KeyedHashAlgorithm");
    t.static_method("HMAC Create(string algorithmName)", |c| {
        let name = c.str(0)?;
        let name = name.to_utf8().to_ascii_uppercase();
        let kind = name
            .rsplit('.')
            .next()
            .and_then(|n| n.strip_prefix("HMAC"))
            .and_then(HashKind::by_name);
        let Some(kind) = kind else {
            return Ok(Value::Null);
        };
        let key = random_bytes(c.rt, kind.block());
        Ok(Hasher::value(
            kind,
            def(&format!("HMAC{}", kind.name())),
            Some(key),
        ))
    });
    t.property("string HashName", |c| {
        Ok(Str::literal(c.object::<Hasher>(0)?.kind.name()).into())
    });

    for name in [
        "System.Security.Cryptography.HMACMD5",
        "System.Security.Cryptography.HMACSHA1",
        "System.Security.Cryptography.HMACSHA256",
        "System.Security.Cryptography.HMACSHA384",
        "System.Security.Cryptography.HMACSHA512",
    ] {
        let mut t = types.class(name);
        t.base("HMAC");
        t.constructor("()", |c| {
            let kind = kind(c)?;
            let key = random_bytes(c.rt, kind.block());
            Ok(Hasher::value(kind, c.member.owner, Some(key)))
        });
        t.constructor("(byte[] key)", with_key);
        if name.ends_with("SHA1") {
            t.constructor("(byte[] key, bool useManagedSha1)", with_key);
        }
    }
}

/// The hash of the class whose constructor runs.
fn kind(c: &Call<'_, '_>) -> R<HashKind> {
    let class = Type::Named(c.member.owner, None);
    let kind = class
        .def()
        .and_then(|def| HashKind::by_name(def.name.trim_start_matches("HMAC")));
    kind.ok_or_else(|| Fault::invalid_operation("Unknown keyed hash."))
}

fn with_key(c: &mut Call<'_, '_>) -> R<Value> {
    // .NET reads the key's length without a look whether there is one.
    if c.value(0).is_null() {
        return Err(Fault::null_reference());
    }
    let key = c.bytes(0)?;
    super::account(c, key.len())?;
    Ok(Hasher::value(kind(c)?, c.member.owner, Some(key)))
}
