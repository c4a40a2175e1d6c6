//! `HashAlgorithm` and the classes derived from it.

use std::cell::RefCell;

use super::names::bytes;
use super::{account, def, part};
use crate::crypto::HashKind;
use crate::runtime::{Call, Fault, R};
use crate::types::{DefId, Type, Types};
use crate::value::{Object, Value};

/// A hash object, keyed or not.
pub(super) struct Hasher {
    pub(super) kind: HashKind,
    pub(super) class: DefId,
    /// The key of an HMAC.
    pub(super) key: Option<RefCell<Vec<u8>>>,
    /// Data given by `TransformBlock`.
    pending: RefCell<Vec<u8>>,
    /// The hash computed last.
    last: RefCell<Option<Vec<u8>>>,
}

impl Hasher {
    pub(super) fn value(kind: HashKind, class: DefId, key: Option<Vec<u8>>) -> Value {
        Value::object(Self {
            kind,
            class,
            key: key.map(RefCell::new),
            pending: RefCell::default(),
            last: RefCell::default(),
        })
    }

    fn compute(&self, data: &[u8]) -> Vec<u8> {
        let hash = match &self.key {
            Some(key) => self.kind.hmac(&key.borrow(), data),
            None => self.kind.digest(data),
        };
        *self.last.borrow_mut() = Some(hash.clone());
        hash
    }
}

impl Object for Hasher {
    fn type_of(&self) -> Type {
        Type::Named(self.class, None)
    }
}

/// An unkeyed hash object of that class.
fn plain(kind: HashKind, class: &str) -> R<Value> {
    Ok(Hasher::value(kind, def(class), None))
}

/// `Create(name)`: null for a name nobody knows.
fn by_name(c: &mut Call<'_, '_>) -> R<Value> {
    let name = c.str(0)?;
    let Some(kind) = HashKind::by_name(&name.to_utf8()) else {
        return Ok(Value::Null);
    };
    let made = def(kind.name());
    // `MD5.Create("SHA1")` is a failed cast.
    let wanted = &c.member.result;
    if !wanted.is(def("HashAlgorithm")) && !wanted.is(made) {
        return Err(Fault::new(
            "System.InvalidCastException",
            format!("Unable to cast object of type '{}'.", kind.name()),
        ));
    }
    Ok(Hasher::value(kind, made, None))
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Security.Cryptography.HashAlgorithm");
    t.weighs(512);
    t.base("object").base("IDisposable");
    t.static_method("HashAlgorithm Create()", |_| plain(HashKind::Sha1, "SHA1"));
    t.static_method("HashAlgorithm Create(string hashName)", by_name);
    t.property("int HashSize", |c| {
        Ok(c.object::<Hasher>(0)?.kind.bits().into())
    });
    t.property("byte[] Hash", |c| {
        let hasher = c.object::<Hasher>(0)?;
        let last = hasher.last.borrow().clone();
        Ok(last.map_or(Value::Null, bytes))
    });
    t.property("bool CanReuseTransform", |_| Ok(true.into()));
    t.property("bool CanTransformMultipleBlocks", |_| Ok(true.into()));
    t.property("int InputBlockSize", |_| Ok(1.into()));
    t.property("int OutputBlockSize", |_| Ok(1.into()));
    t.method("byte[] ComputeHash(byte[] buffer)", |c| {
        let data = c.bytes(1)?;
        account(c, data.len())?;
        Ok(bytes(c.object::<Hasher>(0)?.compute(&data)))
    });
    t.method(
        "byte[] ComputeHash(byte[] buffer, int offset, int count)",
        |c| {
            let data = part(c, 1)?;
            account(c, data.len())?;
            Ok(bytes(c.object::<Hasher>(0)?.compute(&data)))
        },
    );
    t.method(
        "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)",
        |c| {
            let data = part(c, 1)?;
            account(c, data.len())?;
            if !c.value(4).is_null() && c.int(5)? < 0 {
                return Err(Fault::out_of_range("dstOffset", "Non-negative number required."));
            }
            copy_out(c, &data)?;
            c.object::<Hasher>(0)?.pending.borrow_mut().extend_from_slice(&data);
            Ok(i32::try_from(data.len()).unwrap_or(i32::MAX).into())
        },
    )
    .mutates();
    t.method(
        "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)",
        |c| {
            let data = part(c, 1)?;
            let hasher = c.object::<Hasher>(0)?;
            let mut all = std::mem::take(&mut *hasher.pending.borrow_mut());
            all.extend_from_slice(&data);
            account(c, all.len())?;
            hasher.compute(&all);
            Ok(bytes(data))
        },
    )
    .mutates();
    t.method("void Initialize()", |c| {
        c.object::<Hasher>(0)?.pending.borrow_mut().clear();
        Ok(Value::Null)
    })
    .mutates();
    t.method("void Clear()", |_| Ok(Value::Null));
    t.method("void Dispose()", |_| Ok(Value::Null));

    let mut t = types.class("System.Security.Cryptography.MD5");
    t.base("HashAlgorithm");
    t.static_method("MD5 Create()", |_| plain(HashKind::Md5, "MD5"));
    t.static_method("MD5 Create(string algName)", by_name);
    let mut t = types.class("System.Security.Cryptography.SHA1");
    t.base("HashAlgorithm");
    t.static_method("SHA1 Create()", |_| plain(HashKind::Sha1, "SHA1"));
    t.static_method("SHA1 Create(string algName)", by_name);
    let mut t = types.class("System.Security.Cryptography.SHA256");
    t.base("HashAlgorithm");
    t.static_method("SHA256 Create()", |_| plain(HashKind::Sha256, "SHA256"));
    t.static_method("SHA256 Create(string algName)", by_name);
    let mut t = types.class("System.Security.Cryptography.SHA384");
    t.base("HashAlgorithm");
    t.static_method("SHA384 Create()", |_| plain(HashKind::Sha384, "SHA384"));
    t.static_method("SHA384 Create(string algName)", by_name);
    let mut t = types.class("System.Security.Cryptography.SHA512");
    t.base("HashAlgorithm");
    t.static_method("SHA512 Create()", |_| plain(HashKind::Sha512, "SHA512"));
    t.static_method("SHA512 Create(string algName)", by_name);

    let mut t = types.class("System.Security.Cryptography.SHA1Managed");
    t.base("SHA1");
    t.constructor("()", |_| plain(HashKind::Sha1, "SHA1Managed"));
    let mut t = types.class("System.Security.Cryptography.SHA256Managed");
    t.base("SHA256");
    t.constructor("()", |_| plain(HashKind::Sha256, "SHA256Managed"));
    let mut t = types.class("System.Security.Cryptography.SHA384Managed");
    t.base("SHA384");
    t.constructor("()", |_| plain(HashKind::Sha384, "SHA384Managed"));
    let mut t = types.class("System.Security.Cryptography.SHA512Managed");
    t.base("SHA512");
    t.constructor("()", |_| plain(HashKind::Sha512, "SHA512Managed"));
    for (name, base) in [
        (
            "System.Security.Cryptography.MD5CryptoServiceProvider",
            "MD5",
        ),
        (
            "System.Security.Cryptography.SHA1CryptoServiceProvider",
            "SHA1",
        ),
        (
            "System.Security.Cryptography.SHA256CryptoServiceProvider",
            "SHA256",
        ),
        (
            "System.Security.Cryptography.SHA384CryptoServiceProvider",
            "SHA384",
        ),
        (
            "System.Security.Cryptography.SHA512CryptoServiceProvider",
            "SHA512",
        ),
    ] {
        let mut t = types.class(name);
        t.base(base).beyond_documentation();
        t.constructor("()", |c| {
            let kind = Type::Named(c.member.owner, None).def().and_then(|def| {
                HashKind::by_name(def.name.trim_end_matches("CryptoServiceProvider"))
            });
            Ok(Hasher::value(
                kind.unwrap_or(HashKind::Md5),
                c.member.owner,
                None,
            ))
        });
    }
}

/// Copies transformed bytes to the optional output buffer of `TransformBlock`.
pub(super) fn copy_out(c: &Call<'_, '_>, data: &[u8]) -> R<()> {
    let Some(target) = c.opt_object::<crate::dotnet::collections::Array>(4)? else {
        return Ok(());
    };
    let outside = || Fault::argument("The output buffer is too small.", "outputBuffer");
    let offset = usize::try_from(c.int(5)?).map_err(|_| outside())?;
    if offset + data.len() > target.len() {
        return Err(outside());
    }
    for (at, byte) in data.iter().enumerate() {
        target.set(offset + at, Value::Byte(*byte));
    }
    Ok(())
}
