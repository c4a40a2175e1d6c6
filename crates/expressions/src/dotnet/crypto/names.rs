//! `HashAlgorithmName`, `CipherMode`, `PaddingMode`, `Oid` and `RNGCryptoServiceProvider`

use super::{def, defs, random_bytes};
use crate::crypto::{Error, HashKind};
use crate::dotnet::collections::{Array, byte_array};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};

/// The name in an argument; the default value has none.
fn name(c: &mut Call<'_, '_>, index: usize) -> R<Option<Str>> {
    Ok(c.object::<HashName>(index)?.0.clone())
}

/// `HashAlgorithmName`
pub(super) struct HashName(pub(super) Option<Str>);

/// `default(HashAlgorithmName)`
pub(super) fn default_name() -> Value {
    Value::object(HashName(None))
}

impl Object for HashName {
    fn type_of(&self) -> Type {
        Type::Named(defs().hash_name, None)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| self.0 == other.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(self.0.as_ref().map_or(0, Str::len) as u64)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        Ok(Some(self.0.clone().unwrap_or_default()))
    }
}

struct Random;

impl Object for Random {
    fn type_of(&self) -> Type {
        Type::Named(def("RNGCryptoServiceProvider"), None)
    }
}

/// The hash algorithm that argument `index` names.
pub(super) fn algorithm(c: &Call<'_, '_>, index: usize) -> R<HashKind> {
    let name = c.object::<HashName>(index)?.0.clone().unwrap_or_default();
    if name.is_empty() {
        return Err(Fault::argument(
            "The hash algorithm name cannot be null or empty.",
            "hashAlgorithm",
        ));
    }
    HashKind::by_name(&name.to_utf8())
        .ok_or_else(|| Error("The specified hash algorithm is not a known one.").into())
}

fn constant(kind: HashKind) -> R<Value> {
    Ok(Value::object(HashName(Some(Str::literal(kind.name())))))
}

pub(super) fn define(types: &mut Types) {
    types.enumeration(
        "System.Security.Cryptography.CipherMode",
        &[("CBC", 1), ("ECB", 2), ("OFB", 3), ("CFB", 4), ("CTS", 5)],
    );
    types.enumeration(
        "System.Security.Cryptography.PaddingMode",
        &[
            ("None", 1),
            ("PKCS7", 2),
            ("Zeros", 3),
            ("ANSIX923", 4),
            ("ISO10126", 5),
        ],
    );
    let mut t = types.structure("System.Security.Cryptography.HashAlgorithmName");
    t.constructor("(string name)", |c| {
        Ok(Value::object(HashName(c.opt_str(0)?)))
    });
    t.static_property("HashAlgorithmName MD5", |_| constant(HashKind::Md5));
    t.static_property("HashAlgorithmName SHA1", |_| constant(HashKind::Sha1));
    t.static_property("HashAlgorithmName SHA256", |_| constant(HashKind::Sha256));
    t.static_property("HashAlgorithmName SHA384", |_| constant(HashKind::Sha384));
    t.static_property("HashAlgorithmName SHA512", |_| constant(HashKind::Sha512));
    t.property("string Name", |c| Ok(name(c, 0)?.into()));
    t.operator(
        "bool operator ==(HashAlgorithmName left, HashAlgorithmName right)",
        |c| Ok((name(c, 0)? == name(c, 1)?).into()),
    );
    t.operator(
        "bool operator !=(HashAlgorithmName left, HashAlgorithmName right)",
        |c| Ok((name(c, 0)? != name(c, 1)?).into()),
    );

    let mut t = types.class("System.Security.Cryptography.RandomNumberGenerator");
    t.base("object").base("IDisposable").beyond_documentation();
    t.static_method("RandomNumberGenerator Create()", |_| {
        Ok(Value::object(Random))
    });
    t.method("void GetBytes(byte[] data)", |c| {
        let data = c.object::<Array>(1)?;
        let length = data.len();
        super::account(c, length)?;
        for (at, byte) in random_bytes(c.rt, length).into_iter().enumerate() {
            data.set(at, Value::Byte(byte));
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("void GetBytes(byte[] data, int offset, int count)", |c| {
        let data = c.object::<Array>(1)?;
        let negative = |name| Fault::out_of_range(name, "Non-negative number required.");
        let offset = usize::try_from(c.int(2)?).map_err(|_| negative("offset"))?;
        let count = usize::try_from(c.int(3)?).map_err(|_| negative("count"))?;
        if offset.saturating_add(count) > data.len() {
            return Err(Fault::argument(
                "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
                "",
            ));
        }
        super::account(c, count)?;
        for (at, byte) in random_bytes(c.rt, count).into_iter().enumerate() {
            data.set(offset + at, Value::Byte(byte));
        }
        Ok(Value::Null)
    })
    .mutates();
    t.static_method("int GetInt32(int toExclusive)", |c| {
        let end = i64::from(c.int(0)?);
        if end <= 0 {
            return Err(Fault::out_of_range(
                "toExclusive",
                "Positive number required.",
            ));
        }
        Ok(number_in(c.rt, 0, end).into())
    });
    t.static_method("int GetInt32(int fromInclusive, int toExclusive)", |c| {
        let (start, end) = (i64::from(c.int(0)?), i64::from(c.int(1)?));
        if start >= end {
            return Err(Fault::argument(
                "Range of random number does not contain at least one possibility.",
                "",
            ));
        }
        Ok(number_in(c.rt, start, end).into())
    });
    t.method("void GetNonZeroBytes(byte[] data)", |c| {
        let data = c.object::<Array>(1)?;
        super::account(c, data.len())?;
        for at in 0..data.len() {
            // A zero is drawn again; after a few draws any other byte is as random.
            let drawn = random_bytes(c.rt, 8)
                .into_iter()
                .find(|byte| *byte != 0)
                .unwrap_or(1);
            data.set(at, Value::Byte(drawn));
        }
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Dispose()", |_| Ok(Value::Null));
    let mut t = types.class("System.Security.Cryptography.RNGCryptoServiceProvider");
    t.base("RandomNumberGenerator");
    for signature in ["()", "(string str)", "(byte[] rgb)"] {
        t.constructor(signature, |_| Ok(Value::object(Random)));
    }
}

/// A random number from `start` on and below `end`, which are in the range of an `int`.
fn number_in(rt: &mut Runtime<'_>, start: i64, end: i64) -> i32 {
    // 64 random bits for a range of 32: no number is noticeably more likely than another.
    let drawn = (i128::from(rt.host.random()) * i128::from(end - start)) >> 64;
    i32::try_from(i128::from(start) + drawn).unwrap_or_default()
}

/// Keys and hashes as `byte[]`.
pub(super) fn bytes(bytes: Vec<u8>) -> Value {
    byte_array(bytes)
}
