//! `System.Security.Cryptography`: bindings of [`crate::crypto`].

mod hash;
mod hmac;
mod names;
mod rsa;
mod symmetric;
mod transform;
mod x509;

pub(crate) use x509::certificate;

use std::sync::OnceLock;

use crate::crypto::Error;
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{DefId, Registry, Type, Types, known};
use crate::value::Value;

pub(super) fn define(types: &mut Types) {
    names::define(types);
    hash::define(types);
    hmac::define(types);
    symmetric::define(types);
    transform::define(types);
    rsa::define(types);
    x509::define(types);
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::new(
            "System.Security.Cryptography.CryptographicException",
            error.0,
        )
    }
}

/// `default(T)` of the value types of this folder.
pub(crate) fn default_of(ty: &Type) -> Option<Value> {
    let name = ty.def().filter(|def| &*def.name == "HashAlgorithmName");
    name.map(|_| names::default_name())
}

/// The definition of a type of this folder.
fn def(name: &str) -> DefId {
    let full = format!("System.Security.Cryptography.{name}");
    Registry::get()
        .by_full_name(&full)
        .map_or(known::OBJECT, |def| def.id)
}

struct Defs {
    transform: DefId,
    cipher_mode: DefId,
    padding_mode: DefId,
    hash_name: DefId,
}

fn defs() -> &'static Defs {
    static DEFS: OnceLock<Defs> = OnceLock::new();
    DEFS.get_or_init(|| Defs {
        transform: def("ICryptoTransform"),
        cipher_mode: def("CipherMode"),
        padding_mode: def("PaddingMode"),
        hash_name: def("HashAlgorithmName"),
    })
}

/// Random bytes from the host.
fn random_bytes(rt: &mut Runtime<'_>, count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count + 8);
    while out.len() < count {
        out.extend(rt.host.random().to_le_bytes());
    }
    out.truncate(count);
    out
}

/// The part of a byte array argument that the two arguments after it name.
fn part(c: &Call<'_, '_>, index: usize) -> R<Vec<u8>> {
    let bytes = c.bytes(index)?;
    let (offset, count) = (c.int(index + 1)?, c.int(index + 2)?);
    let offset = usize::try_from(offset)
        .map_err(|_| Fault::out_of_range("inputOffset", "Non-negative number required."))?;
    let invalid = || Fault::argument("Argument count is out of range.", "");
    let count = usize::try_from(count).map_err(|_| invalid())?;
    let end = offset.checked_add(count).filter(|end| *end <= bytes.len());
    let end = end.ok_or_else(|| {
        Fault::argument(
            "Offset and length were out of bounds for the array or count is greater than the number of elements from \
             index to the end of the source collection.",
            "",
        )
    })?;
    Ok(bytes.get(offset..end).unwrap_or_default().to_vec())
}

/// Accounts for work on that many bytes.
fn account(c: &mut Call<'_, '_>, bytes: usize) -> R<()> {
    c.rt.spend(1 + bytes as u64 / 64)?;
    c.rt.allocate(bytes.saturating_add(128))
}
