//! `RSA`, its paddings, and `AsymmetricAlgorithm`

use std::cell::RefCell;

use super::names::{HashName, algorithm, bytes};
use super::{account, def};
use crate::crypto::{EncryptionPadding, Error, HashKind, RsaKey, SignaturePadding};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{Type, Types};
use crate::value::{Object, Str, Value};

/// An `RSA` object; without a key until one is imported.
pub(super) struct Rsa {
    key: RefCell<Option<RsaKey>>,
}

impl Object for Rsa {
    fn type_of(&self) -> Type {
        // The class behind the abstract one on Windows.
        Type::Named(def("RSACng"), None)
    }
}

impl Rsa {
    pub(super) fn value(key: RsaKey) -> Value {
        Value::object(Self {
            key: RefCell::new(Some(key)),
        })
    }
}

/// `RSASignaturePadding` or `RSAEncryptionPadding`
enum PaddingObject {
    Signature(SignaturePadding),
    Encryption(EncryptionPadding),
}

impl Object for PaddingObject {
    fn type_of(&self) -> Type {
        let name = match self {
            Self::Signature(_) => "RSASignaturePadding",
            Self::Encryption(_) => "RSAEncryptionPadding",
        };
        Type::Named(def(name), None)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(match (self, other.as_object::<Self>()) {
            (Self::Signature(a), Some(Self::Signature(b))) => a == b,
            (Self::Encryption(a), Some(Self::Encryption(b))) => a == b,
            _ => false,
        })
    }

    fn hash(&self) -> Option<u64> {
        Some(0)
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        let text = match self {
            Self::Signature(SignaturePadding::Pkcs1) => "Pkcs1".to_owned(),
            Self::Signature(SignaturePadding::Pss) => "Pss".to_owned(),
            Self::Encryption(EncryptionPadding::Pkcs1) => "Pkcs1".to_owned(),
            Self::Encryption(EncryptionPadding::Oaep(hash)) => format!("Oaep{}", hash.name()),
        };
        Ok(Some(text.into()))
    }
}

fn key(c: &Call<'_, '_>) -> R<RsaKey> {
    let key = c.object::<Rsa>(0)?.key.borrow().clone();
    key.ok_or_else(|| Error("The RSA object has no key: import one first.").into())
}

fn signature_padding(c: &Call<'_, '_>, index: usize) -> R<SignaturePadding> {
    match &*c.object::<PaddingObject>(index)? {
        PaddingObject::Signature(padding) => Ok(*padding),
        PaddingObject::Encryption(_) => Err(Fault::argument_null(c.parameter(index))),
    }
}

fn encryption_padding(c: &Call<'_, '_>, index: usize) -> R<EncryptionPadding> {
    match &*c.object::<PaddingObject>(index)? {
        PaddingObject::Encryption(padding) => Ok(*padding),
        PaddingObject::Signature(_) => Err(Fault::argument_null(c.parameter(index))),
    }
}

/// RSA costs thousands of plain steps.
const COST: u64 = 20_000;

fn sign(c: &mut Call<'_, '_>, data: &[u8], hash_at: usize) -> R<Value> {
    account(c, data.len())?;
    c.rt.spend(COST)?;
    let signed = key(c)?.sign(
        data,
        algorithm(c, hash_at)?,
        signature_padding(c, hash_at + 1)?,
    )?;
    Ok(bytes(signed))
}

fn verify(c: &mut Call<'_, '_>, data: &[u8], signature_at: usize) -> R<Value> {
    account(c, data.len())?;
    c.rt.spend(COST)?;
    let signed = c.bytes(signature_at)?;
    let holds = key(c)?.verify(
        data,
        &signed,
        algorithm(c, signature_at + 1)?,
        signature_padding(c, signature_at + 2)?,
    )?;
    Ok(holds.into())
}

/// The part of the data in argument `index` that the two arguments after it name.
fn range(c: &Call<'_, '_>, index: usize) -> R<Vec<u8>> {
    let data = c.bytes(index)?;
    let offset = usize::try_from(c.int(index + 1)?).ok();
    let rest = offset
        .and_then(|at| data.get(at..))
        .ok_or_else(|| Fault::outside("offset"))?;
    let count = usize::try_from(c.int(index + 2)?).ok();
    let part = count
        .and_then(|count| rest.get(..count))
        .ok_or_else(|| Fault::outside("count"))?;
    Ok(part.to_vec())
}

/// `ImportX(source, out bytesRead)`; nothing is an empty source.
fn import(c: &mut Call<'_, '_>, read: fn(&[u8]) -> Result<RsaKey, Error>) -> R<Value> {
    let source = match c.value(1).is_null() {
        true => Vec::new(),
        false => c.bytes(1)?,
    };
    account(c, source.len())?;
    c.rt.spend(COST)?;
    let key = read(&source)?;
    *c.object::<Rsa>(0)?.key.borrow_mut() = Some(key);
    c.set(2, i32::try_from(source.len()).unwrap_or(i32::MAX));
    Ok(Value::Null)
}

fn padding_class(
    types: &mut Types,
    name: &str,
    members: &[(&'static str, crate::types::registry::Native)],
) {
    let mut t = types.class(name);
    for (signature, get) in members {
        t.static_property(signature, *get);
    }
}

pub(super) fn define(types: &mut Types) {
    padding_class(
        types,
        "System.Security.Cryptography.RSASignaturePadding",
        &[
            ("RSASignaturePadding Pkcs1", |_| {
                Ok(Value::object(PaddingObject::Signature(
                    SignaturePadding::Pkcs1,
                )))
            }),
            ("RSASignaturePadding Pss", |_| {
                Ok(Value::object(PaddingObject::Signature(
                    SignaturePadding::Pss,
                )))
            }),
        ],
    );
    padding_class(
        types,
        "System.Security.Cryptography.RSAEncryptionPadding",
        &[
            ("RSAEncryptionPadding Pkcs1", |_| {
                Ok(Value::object(PaddingObject::Encryption(
                    EncryptionPadding::Pkcs1,
                )))
            }),
            ("RSAEncryptionPadding OaepSHA1", |_| oaep(HashKind::Sha1)),
            ("RSAEncryptionPadding OaepSHA256", |_| {
                oaep(HashKind::Sha256)
            }),
            ("RSAEncryptionPadding OaepSHA384", |_| {
                oaep(HashKind::Sha384)
            }),
            ("RSAEncryptionPadding OaepSHA512", |_| {
                oaep(HashKind::Sha512)
            }),
        ],
    );

    for class in ["RSASignaturePadding", "RSAEncryptionPadding"] {
        let mut t = types.class(&format!("System.Security.Cryptography.{class}"));
        let (equal, unequal) = if class == "RSASignaturePadding" {
            (
                "bool operator ==(RSASignaturePadding left, RSASignaturePadding right)",
                "bool operator !=(RSASignaturePadding left, RSASignaturePadding right)",
            )
        } else {
            (
                "bool operator ==(RSAEncryptionPadding left, RSAEncryptionPadding right)",
                "bool operator !=(RSAEncryptionPadding left, RSAEncryptionPadding right)",
            )
        };
        t.operator(equal, |c| {
            Ok(crate::runtime::equals(&c.value(0), &c.value(1)).into())
        });
        t.operator(unequal, |c| {
            Ok((!crate::runtime::equals(&c.value(0), &c.value(1))).into())
        });
    }
    let mut t = types.class("System.Security.Cryptography.RSAEncryptionPadding");
    t.static_method(
        "RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)",
        |c| oaep(algorithm(c, 0)?),
    );
    t.property("HashAlgorithmName OaepHashAlgorithm", |c| {
        let name = match &*c.object::<PaddingObject>(0)? {
            PaddingObject::Encryption(EncryptionPadding::Oaep(hash)) => Some(hash.name()),
            _ => None,
        };
        Ok(Value::object(HashName(name.map(Str::literal))))
    });

    let mut t = types.class("System.Security.Cryptography.AsymmetricAlgorithm");
    t.weighs(512);
    t.base("object").base("IDisposable");
    t.property("int KeySize", |c| Ok(key(c)?.bits().into()));
    t.method("void Clear()", |_| Ok(Value::Null));
    t.method("void Dispose()", |_| Ok(Value::Null));

    let mut t = types.class("System.Security.Cryptography.RSA");
    t.base("AsymmetricAlgorithm");
    t.static_method("RSA Create()", |_| {
        Ok(Value::object(Rsa {
            key: RefCell::default(),
        }))
    });
    t.method("byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", |c| {
        let data = c.bytes(1)?;
        sign(c, &data, 2)
    });
    t.method(
        "byte[] SignData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm, \
         RSASignaturePadding padding)",
        |c| {
            let data = range(c, 1)?;
            sign(c, &data, 4)
        },
    );
    t.method(
        "bool VerifyData(byte[] data, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
        |c| {
            let data = c.bytes(1)?;
            verify(c, &data, 2)
        },
    );
    t.method(
        "bool VerifyData(byte[] data, int offset, int count, byte[] signature, HashAlgorithmName hashAlgorithm, \
         RSASignaturePadding padding)",
        |c| {
            let data = range(c, 1)?;
            verify(c, &data, 4)
        },
    );
    t.method(
        "byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)",
        |c| {
            let data = c.bytes(1)?;
            c.rt.spend(COST)?;
            Ok(bytes(key(c)?.encrypt(&data, encryption_padding(c, 2)?)?))
        },
    );
    t.method(
        "byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)",
        |c| {
            let data = c.bytes(1)?;
            c.rt.spend(COST)?;
            Ok(bytes(key(c)?.decrypt(&data, encryption_padding(c, 2)?)?))
        },
    );
    t.static_method("RSA Create(string algName)", |c| {
        let name = c.str(0)?;
        let known = name.to_utf8().rsplit('.').next().is_some_and(|name| {
            name.eq_ignore_ascii_case("RSA") || name.eq_ignore_ascii_case("RSACng")
        });
        Ok(if known {
            Value::object(Rsa {
                key: RefCell::default(),
            })
        } else {
            Value::Null
        })
    });
    t.property("string KeyExchangeAlgorithm", |_| {
        Ok(Str::literal("RSA").into())
    });
    t.property("string SignatureAlgorithm", |_| {
        Ok(Str::literal("RSA").into())
    });
    t.method("byte[] ExportPkcs8PrivateKey()", |c| {
        Ok(bytes(private_pkcs8(c, 0)?))
    });
    t.method("byte[] ExportSubjectPublicKeyInfo()", |c| {
        Ok(bytes(key(c)?.public().to_vec()))
    });
    t.method("byte[] ExportRSAPublicKey()", |c| {
        Ok(bytes(key(c)?.pkcs1_public()?))
    });
    t.method(
        "void ImportRSAPublicKey(byte[] source, out int bytesRead)",
        |c| import(c, RsaKey::from_pkcs1_public),
    )
    .mutates();
    t.method(
        "void ImportRSAPrivateKey(byte[] source, out int bytesRead)",
        |c| import(c, RsaKey::from_pkcs1_private),
    )
    .mutates();
    t.method(
        "void ImportPkcs8PrivateKey(byte[] source, out int bytesRead)",
        |c| import(c, RsaKey::from_pkcs8),
    )
    .mutates();
    t.method(
        "void ImportSubjectPublicKeyInfo(byte[] source, out int bytesRead)",
        |c| import(c, RsaKey::from_public),
    )
    .mutates();
    let mut t = types.class("System.Security.Cryptography.RSACng");
    t.beyond_documentation();
    t.base("RSA");
    t.constructor("()", |_| {
        Ok(Value::object(Rsa {
            key: RefCell::default(),
        }))
    });
}

/// Argument `index`'s private key as PKCS #8.
pub(super) fn private_pkcs8(c: &Call<'_, '_>, index: usize) -> R<Vec<u8>> {
    let key = c.object::<Rsa>(index)?.key.borrow().clone();
    let key = key.and_then(|key| key.pkcs8().map(<[u8]>::to_vec));
    key.ok_or_else(|| Error("The key has no private part.").into())
}

fn oaep(hash: HashKind) -> R<Value> {
    Ok(Value::object(PaddingObject::Encryption(
        EncryptionPadding::Oaep(hash),
    )))
}
