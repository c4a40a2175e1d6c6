//! `X509Certificate2` and what belongs to it

use std::cell::RefCell;
use std::sync::OnceLock;

use super::names::{algorithm, bytes};
use super::rsa::Rsa;
use super::{account, random_bytes};
use crate::crypto::{Certificate, NameType, RsaKey, pfx};
use crate::runtime::{Call, Fault, R, Runtime};
use crate::types::{DefId, Registry, Type, Types, known};
use crate::value::{DateTime, DateTimeKind, Object, Str, Value};

/// A certificate, with its private key where it came with one.
struct CertificateObject(Certificate, Private, Class);

/// Which of the two classes it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    First,
    Second,
}

/// What a PKCS #12 file holds beside the certificate.
#[derive(Clone, Default)]
struct Private {
    /// PKCS #8, DER.
    key: Option<Vec<u8>>,
    friendly_name: RefCell<Str>,
}

/// `X500DistinguishedName`
struct NameObject(Str);
/// `PublicKey`
struct PublicKeyObject(Certificate);
/// `Oid`
#[derive(Clone, Default)]
struct OidObject {
    value: Option<Str>,
    /// One of its own, not that of the number.
    name: Option<Str>,
}

impl OidObject {
    fn of(value: impl Into<Str>) -> Value {
        Value::object(Self {
            value: Some(value.into()),
            name: None,
        })
    }

    fn friendly_name(&self) -> Option<Str> {
        let known = || {
            let value = self.value.as_ref()?;
            let (_, name) = FRIENDLY_NAMES.iter().find(|(known, _)| *value == **known)?;
            Some(Str::literal(name))
        };
        self.name.clone().or_else(known)
    }
}

/// Names .NET gives to object identifiers that certificates use, and to the hash algorithms.
const FRIENDLY_NAMES: [(&str, &str); 14] = [
    ("1.2.840.113549.2.5", "md5"),
    ("1.3.14.3.2.26", "sha1"),
    ("2.16.840.1.101.3.4.2.1", "sha256"),
    ("2.16.840.1.101.3.4.2.2", "sha384"),
    ("2.16.840.1.101.3.4.2.3", "sha512"),
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.113549.1.1.5", "sha1RSA"),
    ("1.2.840.113549.1.1.11", "sha256RSA"),
    ("1.2.840.113549.1.1.12", "sha384RSA"),
    ("1.2.840.113549.1.1.13", "sha512RSA"),
    ("1.2.840.10045.2.1", "ECC"),
    ("1.2.840.10045.4.3.2", "sha256ECDSA"),
    ("1.2.840.10045.4.3.3", "sha384ECDSA"),
    ("1.2.840.10045.4.3.4", "sha512ECDSA"),
];

fn id(name: &str) -> DefId {
    Registry::get()
        .by_full_name(name)
        .map_or(known::OBJECT, |def| def.id)
}

impl Object for CertificateObject {
    fn type_of(&self) -> Type {
        const NAME: &str = "System.Security.Cryptography.X509Certificates.X509Certificate";
        static IDS: OnceLock<(DefId, DefId)> = OnceLock::new();
        let (first, second) = *IDS.get_or_init(|| (id(NAME), id(&format!("{NAME}2"))));
        let id = match self.2 {
            Class::First => first,
            Class::Second => second,
        };
        Type::Named(id, None)
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Some(
            other
                .as_object::<Self>()
                .is_some_and(|other| self.0 == other.0),
        )
    }

    fn hash(&self) -> Option<u64> {
        Some(
            self.0
                .serial()
                .iter()
                .fold(0, |hash, byte| hash.wrapping_mul(31) ^ u64::from(*byte)),
        )
    }

    fn to_text(&self, _rt: &mut Runtime<'_>, _format: Option<&str>) -> R<Option<Str>> {
        if self.2 == Class::First {
            return Ok(None);
        }
        let (from, to) = self.0.validity();
        let date = |ticks| crate::clr::datetime_format::datetime_text(local(ticks));
        Ok(Some(
            format!(
                "[Subject]\n  {}\n\n[Issuer]\n  {}\n\n[Serial Number]\n  {}\n\n[Not Before]\n  {}\n\n[Not After]\n  {}\n\n[Thumbprint]\n  {}\n",
                self.0.subject(),
                self.0.issuer(),
                hexadecimal(self.0.serial()),
                date(from),
                date(to),
                hexadecimal(&self.0.hash()),
            )
            .into(),
        ))
    }
}

impl Object for NameObject {
    fn type_of(&self) -> Type {
        Type::Named(
            id("System.Security.Cryptography.X509Certificates.X500DistinguishedName"),
            None,
        )
    }
}

impl Object for PublicKeyObject {
    fn type_of(&self) -> Type {
        Type::Named(
            id("System.Security.Cryptography.X509Certificates.PublicKey"),
            None,
        )
    }
}

impl Object for OidObject {
    fn type_of(&self) -> Type {
        Type::Named(id("System.Security.Cryptography.Oid"), None)
    }
}

/// A certificate of the exchange, DER; null where it can't be read.
pub(crate) fn certificate(der: &[u8]) -> Value {
    Certificate::read(der).map_or(Value::Null, |parsed| {
        Value::object(CertificateObject(parsed, Private::default(), Class::Second))
    })
}

fn hexadecimal(bytes: &[u8]) -> Str {
    bytes
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<String>()
        .into()
}

fn with<T: Into<Value>>(c: &Call<'_, '_>, take: impl FnOnce(&Certificate) -> T) -> R<Value> {
    Ok(take(&c.object::<CertificateObject>(0)?.0).into())
}

/// A certificate's point in time; .NET shows it as local time.
fn local(ticks: i64) -> DateTime {
    DateTime {
        ticks,
        kind: DateTimeKind::Local,
    }
}

/// The class whose constructor runs.
fn class(c: &Call<'_, '_>) -> Class {
    let ty = Type::Named(c.member.owner, None);
    match ty.def() {
        Some(def) if &*def.name == "X509Certificate" => Class::First,
        _ => Class::Second,
    }
}

/// There must be data to read a certificate from.
fn check_data(c: &Call<'_, '_>) -> R<()> {
    if c.value(0).is_null() || c.bytes(0)?.is_empty() {
        return Err(Fault::argument(
            "Array may not be empty or null.",
            "rawData",
        ));
    }
    Ok(())
}

fn construct(c: &mut Call<'_, '_>) -> R<Value> {
    let class = class(c);
    if c.len() > 1 {
        check_data(c)?;
    }
    const KNOWN_FLAGS: i64 = 0x3f;
    const KEPT_AND_FLEETING: i64 = 0x30;
    let flags = if c.len() > 2 { c.enumeration(2)? } else { 0 };
    if flags & !KNOWN_FLAGS != 0 || flags & KEPT_AND_FLEETING == KEPT_AND_FLEETING {
        return Err(Fault::argument(
            "Value of flags is invalid.",
            "keyStorageFlags",
        ));
    }
    let data = c.bytes(0)?;
    account(c, data.len().saturating_mul(4))?;
    c.rt.spend(1_000)?;
    if !pfx::is_pfx(&data) {
        return Ok(Value::object(CertificateObject(
            Certificate::read(&data)?,
            Private::default(),
            class,
        )));
    }
    let password = if c.len() > 1 { c.opt_str(1)? } else { None };
    let password = password.as_ref().map(Str::to_utf8);
    let found = pfx::read(&data, password.as_deref(), &mut |steps| c.rt.spend(steps))?;
    Ok(Value::object(CertificateObject(
        found.certificate,
        Private {
            key: found.key,
            friendly_name: RefCell::new(found.friendly_name.into()),
        },
        class,
    )))
}

fn copy(c: &mut Call<'_, '_>) -> R<Value> {
    let other = c.object::<CertificateObject>(0)?;
    account(c, other.0.der().len().saturating_mul(4))?;
    Ok(Value::object(CertificateObject(
        other.0.clone(),
        other.1.clone(),
        class(c),
    )))
}

/// `Export(contentType, password)`: the certificate alone, or with its key as a PKCS #12 file.
fn export(c: &mut Call<'_, '_>) -> R<Value> {
    const PFX: i64 = 3;
    match c.enumeration(1)? {
        1 => raw(c),
        PFX => {
            let certificate = c.object::<CertificateObject>(0)?;
            let password = if c.len() > 2 { c.opt_str(2)? } else { None };
            let content = pfx::Pfx {
                certificate: certificate.0.clone(),
                key: certificate.1.key.clone(),
                friendly_name: String::new(),
            };
            let mut random = [0; 56];
            random.copy_from_slice(&random_bytes(c.rt, 56));
            account(c, certificate.0.der().len().saturating_mul(4))?;
            let password = password.unwrap_or_default();
            let file = pfx::write(&content, &password.to_utf8(), &random, &mut |steps| {
                c.rt.spend(steps)
            })?;
            Ok(bytes(file))
        }
        _ => Err(crate::crypto::Error(
            "Only X509ContentType.Cert and X509ContentType.Pfx can be exported.",
        )
        .into()),
    }
}

/// The private key, if it is one of RSA.
fn private_key(certificate: &CertificateObject) -> R<Value> {
    Ok(match &certificate.1.key {
        Some(key) if certificate.0.rsa().is_some() => Rsa::value(RsaKey::from_pkcs8(key)?),
        _ => Value::Null,
    })
}

pub(super) fn define(types: &mut Types) {
    const NAMESPACE: &str = "System.Security.Cryptography.X509Certificates";
    types.enumeration(
        &format!("{NAMESPACE}.X509NameType"),
        &[
            ("SimpleName", 0),
            ("EmailName", 1),
            ("UpnName", 2),
            ("DnsName", 3),
            ("DnsFromAlternativeName", 4),
            ("UrlName", 5),
        ],
    );
    types.enumeration(
        &format!("{NAMESPACE}.X509ContentType"),
        &[
            ("Unknown", 0),
            ("Cert", 1),
            ("SerializedCert", 2),
            ("Pfx", 3),
            ("Pkcs12", 3),
            ("SerializedStore", 4),
            ("Pkcs7", 5),
            ("Authenticode", 6),
        ],
    );
    types
        .enumeration(
            &format!("{NAMESPACE}.X509KeyStorageFlags"),
            &[
                ("DefaultKeySet", 0),
                ("UserKeySet", 1),
                ("MachineKeySet", 2),
                ("Exportable", 4),
                ("UserProtected", 8),
                ("PersistKeySet", 16),
                ("EphemeralKeySet", 32),
            ],
        )
        .flags()
        .beyond_documentation();
    let mut t = types.class("System.Security.Cryptography.Oid");
    t.weighs(256);
    t.constructor("()", |_| Ok(Value::object(OidObject::default())));
    t.constructor("(string oid)", |c| {
        let oid = c.str(0)?;
        // A well-known name stands for its number.
        let text = oid.to_utf8();
        let known = FRIENDLY_NAMES
            .iter()
            .find(|(_, name)| text.eq_ignore_ascii_case(name));
        Ok(OidObject::of(
            known.map_or(oid, |(number, _)| Str::literal(number)),
        ))
    });
    t.constructor("(string value, string friendlyName)", |c| {
        let (value, name) = (c.opt_str(0)?, c.opt_str(1)?);
        Ok(Value::object(OidObject { value, name }))
    });
    t.constructor("(Oid oid)", |c| {
        c.required(0)?;
        Ok(Value::object((*c.object::<OidObject>(0)?).clone()))
    });
    t.property("string Value", |c| {
        Ok(c.object::<OidObject>(0)?.value.clone().into())
    });
    t.property("string FriendlyName", |c| {
        Ok(c.object::<OidObject>(0)?.friendly_name().into())
    });

    let mut t = types.class(&format!("{NAMESPACE}.X500DistinguishedName"));
    t.property("string Name", |c| {
        Ok(c.object::<NameObject>(0)?.0.clone().into())
    });

    let mut t = types.class(&format!("{NAMESPACE}.PublicKey"));
    t.property("Oid Oid", |c| {
        let (oid, _) = c.object::<PublicKeyObject>(0)?.0.public_key();
        Ok(OidObject::of(oid))
    });
    t.property("AsymmetricAlgorithm Key", |c| {
        Ok(c.object::<PublicKeyObject>(0)?
            .0
            .rsa()
            .map_or(Value::Null, Rsa::value))
    });

    let mut t = types.class(&format!("{NAMESPACE}.X509Certificate"));
    t.base("object").base("IDisposable");
    t.constructor("(byte[] data)", construct);
    t.property("string Subject", |c| with(c, Certificate::subject));
    t.property("string Issuer", |c| with(c, Certificate::issuer));
    t.method("byte[] GetCertHash()", |c| {
        Ok(bytes(c.object::<CertificateObject>(0)?.0.hash()))
    });
    t.method("string GetCertHashString()", |c| {
        with(c, |cert| hexadecimal(&cert.hash()))
    });
    t.method("byte[] GetRawCertData()", raw);
    t.method("string GetRawCertDataString()", |c| {
        with(c, |cert| hexadecimal(cert.der()))
    });
    t.method("byte[] GetPublicKey()", |c| {
        Ok(bytes(c.object::<CertificateObject>(0)?.0.public_key().1))
    });
    t.method("string GetPublicKeyString()", |c| {
        with(c, |cert| hexadecimal(&cert.public_key().1))
    });
    t.method("string GetKeyAlgorithm()", |c| {
        with(c, |cert| cert.public_key().0)
    });
    t.method("byte[] GetSerialNumber()", |c| {
        // Least significant byte first.
        let mut serial = c.object::<CertificateObject>(0)?.0.serial().to_vec();
        serial.reverse();
        Ok(bytes(serial))
    });
    t.method("string GetSerialNumberString()", |c| {
        with(c, |cert| hexadecimal(cert.serial()))
    });
    t.method("string GetEffectiveDateString()", |c| date_text(c, false));
    t.method("string GetExpirationDateString()", |c| date_text(c, true));
    t.method("byte[] Export(X509ContentType contentType)", export);
    t.method(
        "byte[] Export(X509ContentType contentType, string password)",
        export,
    );
    t.method("byte[] GetCertHash(HashAlgorithmName hashAlgorithm)", |c| {
        let hash = algorithm(c, 1)?;
        let der = c.object::<CertificateObject>(0)?.0.der().to_vec();
        Ok(bytes(hash.digest(&der)))
    });
    t.method(
        "string GetCertHashString(HashAlgorithmName hashAlgorithm)",
        |c| {
            let hash = algorithm(c, 1)?;
            with(c, |cert| hexadecimal(&hash.digest(cert.der())))
        },
    );
    t.method("bool Equals(X509Certificate other)", |c| {
        let other = c.opt_object::<CertificateObject>(1)?;
        let this = c.object::<CertificateObject>(0)?;
        Ok(other.is_some_and(|other| this.0 == other.0).into())
    });
    t.method("string GetFormat()", |_| Ok(Str::literal("X509").into()));
    t.method("string GetName()", |c| {
        with(c, |cert| cert.written_name(false))
    });
    t.method("string GetIssuerName()", |c| {
        with(c, |cert| cert.written_name(true))
    });
    t.method("string ToString(bool fVerbose)", |c| {
        let this = c.value(0);
        Ok(c.rt.to_text(&this)?.into())
    });
    t.constructor("(byte[] rawData, string password)", construct);
    t.constructor(
        "(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)",
        construct,
    );
    t.constructor("(X509Certificate cert)", copy);
    t.method("void Dispose()", |_| Ok(Value::Null));

    let mut t = types.class(&format!("{NAMESPACE}.X509Certificate2"));
    t.base("X509Certificate");
    t.constructor("(byte[] rawData)", construct);
    t.constructor("(byte[] rawData, string password)", construct);
    // Keys live as long as the object, whatever the flags say.
    t.constructor(
        "(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)",
        construct,
    );
    t.constructor("(X509Certificate certificate)", copy);
    t.static_method("X509ContentType GetCertContentType(byte[] rawData)", |c| {
        check_data(c)?;
        let data = c.bytes(0)?;
        account(c, data.len().saturating_mul(4))?;
        let number = if pfx::is_pfx(&data) {
            3
        } else {
            Certificate::read(&data)?;
            1
        };
        let def = id("System.Security.Cryptography.X509Certificates.X509ContentType");
        Ok(Value::Enum(def, number))
    });
    t.property("AsymmetricAlgorithm PrivateKey", |c| {
        private_key(&*c.object::<CertificateObject>(0)?)
    });
    t.property("string Thumbprint", |c| {
        with(c, |cert| hexadecimal(&cert.hash()))
    });
    t.property("string SerialNumber", |c| {
        with(c, |cert| hexadecimal(cert.serial()))
    });
    t.property("int Version", |c| with(c, Certificate::version));
    t.property("DateTime NotBefore", |c| {
        with(c, |cert| local(cert.validity().0))
    });
    t.property("DateTime NotAfter", |c| {
        with(c, |cert| local(cert.validity().1))
    });
    t.property("byte[] RawData", raw);
    t.property("bool HasPrivateKey", |c| {
        let key = c.object::<CertificateObject>(0)?.1.key.is_some();
        Ok(key.into())
    });
    t.property_with_set(
        "string FriendlyName",
        |c| {
            let name = c.object::<CertificateObject>(0)?;
            let name = name.1.friendly_name.borrow().clone();
            Ok(name.into())
        },
        |c| {
            let name = c.opt_str(1)?.unwrap_or_default();
            *c.object::<CertificateObject>(0)?
                .1
                .friendly_name
                .borrow_mut() = name;
            Ok(Value::Null)
        },
    )
    .mutates();
    t.property("Oid SignatureAlgorithm", |c| {
        let oid = c.object::<CertificateObject>(0)?.0.signature_algorithm();
        Ok(OidObject::of(oid))
    });
    t.property("X500DistinguishedName SubjectName", |c| {
        Ok(Value::object(NameObject(
            c.object::<CertificateObject>(0)?.0.subject().into(),
        )))
    });
    t.property("X500DistinguishedName IssuerName", |c| {
        Ok(Value::object(NameObject(
            c.object::<CertificateObject>(0)?.0.issuer().into(),
        )))
    });
    t.property("PublicKey PublicKey", |c| {
        Ok(Value::object(PublicKeyObject(
            c.object::<CertificateObject>(0)?.0.clone(),
        )))
    });
    t.method("bool Verify()", verify);
    t.method(
        "string GetNameInfo(X509NameType nameType, bool forIssuer)",
        |c| {
            let kind = match c.enumeration(1)? {
                1 => NameType::Email,
                2 => NameType::Upn,
                3 => NameType::Dns,
                4 => NameType::DnsAlternative,
                5 => NameType::Url,
                0 => NameType::Simple,
                // Nothing is known under another number.
                _ => NameType::Upn,
            };
            let issuer = c.bool(2)?;
            with(c, |cert| cert.name(kind, issuer))
        },
    );

    let mut t = types.static_class("Tidegate.CertificateExtensions");
    t.extension(
        "bool VerifyNoRevocation(this X509Certificate2 certificate)",
        verify,
    );
    let mut t = types.static_class(&format!("{NAMESPACE}.RSACertificateExtensions"));
    t.extension(
        "RSA GetRSAPublicKey(this X509Certificate2 certificate)",
        |c| {
            Ok(c.object::<CertificateObject>(0)?
                .0
                .rsa()
                .map_or(Value::Null, Rsa::value))
        },
    );
    t.extension(
        "RSA GetRSAPrivateKey(this X509Certificate2 certificate)",
        |c| private_key(&*c.object::<CertificateObject>(0)?),
    );
    t.extension(
        "X509Certificate2 CopyWithPrivateKey(this X509Certificate2 certificate, RSA privateKey)",
        |c| {
            let certificate = c.object::<CertificateObject>(0)?;
            if certificate.1.key.is_some() {
                return Err(Fault::invalid_operation(
                    "The certificate already has an associated private key.",
                ));
            }
            let key = super::rsa::private_pkcs8(c, 1)?;
            let public = RsaKey::from_pkcs8(&key)?.pkcs1_public()?;
            let own = certificate.0.rsa().map(|own| own.pkcs1_public());
            if own.transpose()? != Some(public) {
                return Err(Fault::argument(
                    "The provided key does not match the public key for this certificate.",
                    "privateKey",
                ));
            }
            Ok(Value::object(CertificateObject(
                certificate.0.clone(),
                Private {
                    key: Some(key),
                    ..Private::default()
                },
                Class::Second,
            )))
        },
    );
}

/// Whether the certificate is in its time and the host trusts who issued it. Revocation lists are not read.
fn verify(c: &mut Call<'_, '_>) -> R<Value> {
    let certificate = c.object::<CertificateObject>(0)?;
    let (from, to) = certificate.0.validity();
    let valid =
        (from..=to).contains(&c.rt.host.now()) && c.rt.host.trusts_certificate(certificate.0.der());
    Ok(valid.into())
}

fn raw(c: &mut Call<'_, '_>) -> R<Value> {
    let der = c.object::<CertificateObject>(0)?.0.der().to_vec();
    account(c, der.len())?;
    Ok(bytes(der))
}

fn date_text(c: &mut Call<'_, '_>, end: bool) -> R<Value> {
    let (from, to) = c.object::<CertificateObject>(0)?.0.validity();
    let date: Value = local(if end { to } else { from }).into();
    Ok(c.rt.to_text(&date)?.into())
}
