//! `SymmetricAlgorithm`, `Aes` and its relatives, and `Encrypt`/`Decrypt` of byte arrays.

use std::cell::{Cell, RefCell};

use super::names::bytes;
use super::transform::Transform;
use super::{account, def, defs, random_bytes};
use crate::crypto::{self, Algorithm, Error, Mode, Padding};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{DefId, Type, Types};
use crate::value::{Object, Value};

/// A cipher object with its settings.
pub(super) struct Cipher {
    pub(super) algorithm: Algorithm,
    class: DefId,
    mode: Cell<i64>,
    padding: Cell<i64>,
    key: RefCell<Vec<u8>>,
    iv: RefCell<Vec<u8>>,
}

impl Object for Cipher {
    fn type_of(&self) -> Type {
        Type::Named(self.class, None)
    }
}

impl Cipher {
    fn value(rt: &mut Runtime<'_>, algorithm: Algorithm, class: DefId) -> Value {
        let key = random_bytes(rt, algorithm.default_key());
        let iv = random_bytes(rt, algorithm.block());
        Value::object(Self {
            algorithm,
            class,
            mode: Cell::new(1),
            padding: Cell::new(2),
            key: RefCell::new(key),
            iv: RefCell::new(iv),
        })
    }

    fn settings(&self) -> R<(Mode, Padding)> {
        let mode = match self.mode.get() {
            1 => Mode::Cbc,
            2 => Mode::Ecb,
            4 => Mode::Cfb,
            _ => {
                return Err(Error("Specified cipher mode is not valid for this algorithm.").into());
            }
        };
        let padding = match self.padding.get() {
            1 => Padding::None,
            2 => Padding::Pkcs7,
            3 => Padding::Zeros,
            4 => Padding::AnsiX923,
            5 => Padding::Iso10126,
            _ => {
                return Err(
                    Error("Specified padding mode is not valid for this algorithm.").into(),
                );
            }
        };
        Ok((mode, padding))
    }
}

/// One run of a cipher over whole data.
pub(super) struct Job {
    pub(super) algorithm: Algorithm,
    pub(super) key: Vec<u8>,
    pub(super) iv: Vec<u8>,
    pub(super) settings: (Mode, Padding),
    pub(super) encrypts: bool,
}

impl Job {
    pub(super) fn run(&self, c: &mut Call<'_, '_>, data: &[u8]) -> R<Vec<u8>> {
        self.run_from(c, &self.iv, data)
    }

    /// The same, chained to what came before.
    pub(super) fn run_from(&self, c: &mut Call<'_, '_>, iv: &[u8], data: &[u8]) -> R<Vec<u8>> {
        self.transform(c, iv, self.settings, data)
    }

    /// Whole blocks in the middle of the data, which have no padding.
    pub(super) fn run_blocks(&self, c: &mut Call<'_, '_>, iv: &[u8], data: &[u8]) -> R<Vec<u8>> {
        self.transform(c, iv, (self.settings.0, Padding::None), data)
    }

    /// Whether the last block may be nothing but padding, to be taken off.
    pub(super) fn holds_last_block(&self) -> bool {
        !self.encrypts && !matches!(self.settings.1, Padding::None | Padding::Zeros)
    }

    fn transform(
        &self,
        c: &mut Call<'_, '_>,
        iv: &[u8],
        settings: (Mode, Padding),
        data: &[u8],
    ) -> R<Vec<u8>> {
        account(c, data.len())?;
        let key = self.key.as_slice();
        Ok(if self.encrypts {
            let rt = &mut *c.rt;
            let random = || rt.host.random().to_le_bytes()[0];
            crypto::encrypt(self.algorithm, (key, iv), settings, data, random)?
        } else {
            crypto::decrypt(self.algorithm, (key, iv), settings, data)?
        })
    }
}

/// `CreateEncryptor` and `CreateDecryptor`, key and IV given or the object's own.
fn transform(c: &mut Call<'_, '_>, encrypts: bool, given: bool) -> R<Value> {
    let cipher = c.object::<Cipher>(0)?;
    let (key, iv) = if given {
        let iv = if c.value(2).is_null() {
            Vec::new()
        } else {
            c.bytes(2)?
        };
        (c.bytes(1)?, iv)
    } else {
        (cipher.key.borrow().clone(), cipher.iv.borrow().clone())
    };
    let job = Job {
        algorithm: cipher.algorithm,
        key,
        iv,
        settings: cipher.settings()?,
        encrypts,
    };
    // Wrong sizes are refused here, not at the first block.
    if !job.algorithm.takes_key(job.key.len()) {
        return Err(Fault::argument(Error::KEY_SIZE.0, "key"));
    }
    if job.settings.0 != Mode::Ecb && job.iv.len() != job.algorithm.block() {
        return Err(Fault::argument(Error::IV_SIZE.0, "iv"));
    }
    Ok(Transform::value(job))
}

/// `bytes.Encrypt(…)` and `bytes.Decrypt(…)`
fn extension(c: &mut Call<'_, '_>, encrypts: bool) -> R<Value> {
    let data = c.bytes(0)?;
    let job = match c.required(1)? {
        Value::Str(name) => {
            let Some(algorithm) = Algorithm::by_name(&name.to_utf8()) else {
                let message = format!("'{name}' is not a known symmetric algorithm.");
                return Err(Fault::new(
                    "System.Security.Cryptography.CryptographicException",
                    message,
                ));
            };
            Job {
                algorithm,
                key: c.bytes(2)?,
                iv: c.bytes(3)?,
                settings: (Mode::Cbc, Padding::Pkcs7),
                encrypts,
            }
        }
        _ => {
            let cipher = c.object::<Cipher>(1)?;
            let (key, iv) = if c.len() > 2 {
                (c.bytes(2)?, c.bytes(3)?)
            } else {
                (cipher.key.borrow().clone(), cipher.iv.borrow().clone())
            };
            Job {
                algorithm: cipher.algorithm,
                key,
                iv,
                settings: cipher.settings()?,
                encrypts,
            }
        }
    };
    job.run(c, &data).map(bytes)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Security.Cryptography.SymmetricAlgorithm");
    t.weighs(512);
    t.base("object").base("IDisposable");
    t.static_method("SymmetricAlgorithm Create(string algName)", |c| {
        let name = c.str(0)?;
        Ok(match Algorithm::by_name(&name.to_utf8()) {
            Some(algorithm) => Cipher::value(c.rt, algorithm, def(class_of(algorithm))),
            None => Value::Null,
        })
    });
    t.property_with_set(
        "byte[] Key",
        |c| Ok(bytes(c.object::<Cipher>(0)?.key.borrow().clone())),
        |c| {
            let (cipher, key) = (c.object::<Cipher>(0)?, c.bytes(1)?);
            if !cipher.algorithm.takes_key(key.len()) {
                return Err(Error::KEY_SIZE.into());
            }
            *cipher.key.borrow_mut() = key;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property_with_set(
        "byte[] IV",
        |c| Ok(bytes(c.object::<Cipher>(0)?.iv.borrow().clone())),
        |c| {
            let (cipher, iv) = (c.object::<Cipher>(0)?, c.bytes(1)?);
            if iv.len() != cipher.algorithm.block() {
                return Err(Error::IV_SIZE.into());
            }
            *cipher.iv.borrow_mut() = iv;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property_with_set(
        "CipherMode Mode",
        |c| {
            Ok(Value::Enum(
                defs().cipher_mode,
                c.object::<Cipher>(0)?.mode.get(),
            ))
        },
        |c| {
            const OFB: i64 = 3;
            let mode = c.enumeration(1)?;
            if !(1..=4).contains(&mode) || mode == OFB {
                return Err(crate::crypto::Error(
                    "Specified cipher mode is not valid for this algorithm.",
                )
                .into());
            }
            c.object::<Cipher>(0)?.mode.set(mode);
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property_with_set(
        "PaddingMode Padding",
        |c| {
            Ok(Value::Enum(
                defs().padding_mode,
                c.object::<Cipher>(0)?.padding.get(),
            ))
        },
        |c| {
            c.object::<Cipher>(0)?.padding.set(c.enumeration(1)?);
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property_with_set(
        "int KeySize",
        |c| {
            let length = c.object::<Cipher>(0)?.key.borrow().len();
            Ok(i32::try_from(length * 8).unwrap_or_default().into())
        },
        |c| {
            let (cipher, bits) = (c.object::<Cipher>(0)?, c.int(1)?);
            let length = usize::try_from(bits / 8)
                .ok()
                .filter(|n| bits % 8 == 0 && cipher.algorithm.takes_key(*n));
            let Some(length) = length else {
                return Err(Error::KEY_SIZE.into());
            };
            let key = random_bytes(c.rt, length);
            *cipher.key.borrow_mut() = key;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property_with_set(
        "int BlockSize",
        |c| {
            Ok(i32::try_from(c.object::<Cipher>(0)?.algorithm.block() * 8)
                .unwrap_or_default()
                .into())
        },
        |c| {
            let block = c.object::<Cipher>(0)?.algorithm.block() * 8;
            if usize::try_from(c.int(1)?).ok() == Some(block) {
                return Ok(Value::Null);
            }
            Err(Error("Specified block size is not valid for this algorithm.").into())
        },
    );
    t.method("void GenerateKey()", |c| {
        let cipher = c.object::<Cipher>(0)?;
        let length = cipher.key.borrow().len();
        *cipher.key.borrow_mut() = random_bytes(c.rt, length);
        Ok(Value::Null)
    })
    .mutates();
    t.method("void GenerateIV()", |c| {
        let cipher = c.object::<Cipher>(0)?;
        *cipher.iv.borrow_mut() = random_bytes(c.rt, cipher.algorithm.block());
        Ok(Value::Null)
    })
    .mutates();
    t.method("ICryptoTransform CreateEncryptor()", |c| {
        transform(c, true, false)
    });
    t.method(
        "ICryptoTransform CreateEncryptor(byte[] rgbKey, byte[] rgbIV)",
        |c| transform(c, true, true),
    );
    t.method("ICryptoTransform CreateDecryptor()", |c| {
        transform(c, false, false)
    });
    t.method(
        "ICryptoTransform CreateDecryptor(byte[] rgbKey, byte[] rgbIV)",
        |c| transform(c, false, true),
    );
    t.method("void Clear()", |_| Ok(Value::Null));
    t.method("void Dispose()", |_| Ok(Value::Null));

    define_classes(types);

    let mut t = types.static_class("Tidegate.CryptographyExtensions");
    t.extension(
        "byte[] Encrypt(this byte[] input, string alg, byte[] key, byte[] iv)",
        |c| extension(c, true),
    );
    t.extension(
        "byte[] Encrypt(this byte[] input, SymmetricAlgorithm alg)",
        |c| extension(c, true),
    );
    t.extension(
        "byte[] Encrypt(this byte[] input, SymmetricAlgorithm alg, byte[] key, byte[] iv)",
        |c| extension(c, true),
    );
    t.extension(
        "byte[] Decrypt(this byte[] input, string alg, byte[] key, byte[] iv)",
        |c| extension(c, false),
    );
    t.extension(
        "byte[] Decrypt(this byte[] input, SymmetricAlgorithm alg)",
        |c| extension(c, false),
    );
    t.extension(
        "byte[] Decrypt(this byte[] input, SymmetricAlgorithm alg, byte[] key, byte[] iv)",
        |c| extension(c, false),
    );
}

const fn class_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Aes => "Aes",
        Algorithm::Des => "DES",
        Algorithm::TripleDes => "TripleDES",
        Algorithm::Rc2 => "RC2",
    }
}

fn define_classes(types: &mut Types) {
    let mut t = types.class("System.Security.Cryptography.Aes");
    t.base("SymmetricAlgorithm").beyond_documentation();
    t.static_method("Aes Create()", create);
    let mut t = types.class("System.Security.Cryptography.DES");
    t.base("SymmetricAlgorithm").beyond_documentation();
    t.static_method("DES Create()", create);
    let mut t = types.class("System.Security.Cryptography.TripleDES");
    t.base("SymmetricAlgorithm").beyond_documentation();
    t.static_method("TripleDES Create()", create);
    let mut t = types.class("System.Security.Cryptography.RC2");
    t.base("SymmetricAlgorithm").beyond_documentation();
    t.static_method("RC2 Create()", create);
    let mut t = types.class("System.Security.Cryptography.Rijndael");
    t.base("SymmetricAlgorithm").beyond_documentation();
    t.static_method("Rijndael Create()", create);
    for (name, base) in [
        ("System.Security.Cryptography.AesManaged", "Aes"),
        (
            "System.Security.Cryptography.AesCryptoServiceProvider",
            "Aes",
        ),
        ("System.Security.Cryptography.RijndaelManaged", "Rijndael"),
        (
            "System.Security.Cryptography.TripleDESCryptoServiceProvider",
            "TripleDES",
        ),
        (
            "System.Security.Cryptography.DESCryptoServiceProvider",
            "DES",
        ),
        (
            "System.Security.Cryptography.RC2CryptoServiceProvider",
            "RC2",
        ),
    ] {
        let mut t = types.class(name);
        t.base(base).beyond_documentation();
        t.constructor("()", create);
    }
}

/// A new object of the class that declares the member.
fn create(c: &mut Call<'_, '_>) -> R<Value> {
    let class = Type::Named(c.member.owner, None);
    let algorithm = class
        .def()
        .and_then(|def| Algorithm::by_name(&def.name))
        .unwrap_or(Algorithm::Aes);
    Ok(Cipher::value(c.rt, algorithm, c.member.owner))
}
