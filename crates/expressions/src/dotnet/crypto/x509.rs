//! `X509Certificate2` and what belongs to it

use std::sync::OnceLock;

use super::account;
use super::names::bytes;
use super::rsa::Rsa;
use crate::crypto::{Certificate, NameType};
use crate::runtime::{Call, R, Runtime};
use crate::types::{DefId, Registry, Type, Types, known};
use crate::value::{DateTime, DateTimeKind, Object, Str, Value};

/// A certificate without private key.
struct CertificateObject(Certificate);

/// `X500DistinguishedName`
struct NameObject(Str);
/// `PublicKey`
struct PublicKeyObject(Certificate);
/// `Oid`
struct OidObject(Str);

/// Names .NET gives to object identifiers that certificates use.
const FRIENDLY_NAMES: [(&str, &str); 9] = [
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
        static ID: OnceLock<DefId> = OnceLock::new();
        let id = *ID
            .get_or_init(|| id("System.Security.Cryptography.X509Certificates.X509Certificate2"));
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
        Ok(Some(
            format!(
                "[Subject]\n  {}\n\n[Issuer]\n  {}\n",
                self.0.subject(),
                self.0.issuer()
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
        Value::object(CertificateObject(parsed))
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

fn construct(c: &mut Call<'_, '_>) -> R<Value> {
    let data = c.bytes(0)?;
    account(c, data.len().saturating_mul(4))?;
    c.rt.spend(1_000)?;
    Ok(Value::object(CertificateObject(Certificate::read(&data)?)))
}

#[cold]
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
    let mut t = types.class("System.Security.Cryptography.Oid");
    t.constructor("(string oid)", |c| Ok(Value::object(OidObject(c.str(0)?))));
    t.property("string Value", |c| {
        Ok(c.object::<OidObject>(0)?.0.clone().into())
    });
    t.property("string FriendlyName", |c| {
        let oid = c.object::<OidObject>(0)?;
        let known = FRIENDLY_NAMES.iter().find(|(known, _)| oid.0 == **known);
        Ok(known.map(|(_, name)| Str::literal(name)).into())
    });

    let mut t = types.class(&format!("{NAMESPACE}.X500DistinguishedName"));
    t.property("string Name", |c| {
        Ok(c.object::<NameObject>(0)?.0.clone().into())
    });

    let mut t = types.class(&format!("{NAMESPACE}.PublicKey"));
    t.property("Oid Oid", |c| {
        let (oid, _) = c.object::<PublicKeyObject>(0)?.0.public_key();
        Ok(Value::object(OidObject(oid.into())))
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
    t.method("byte[] Export(X509ContentType contentType)", |c| {
        match c.enumeration(1)? {
            1 => raw(c),
            _ => Err(crate::crypto::Error("Only X509ContentType.Cert can be exported.").into()),
        }
    });
    t.method("void Dispose()", |_| Ok(Value::Null));

    let mut t = types.class(&format!("{NAMESPACE}.X509Certificate2"));
    t.base("X509Certificate");
    t.constructor("(byte[] rawData)", construct);
    // A password opens what holds a private key, which certificates here never do.
    t.constructor("(byte[] rawData, string password)", construct);
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
    t.property("bool HasPrivateKey", |_| Ok(false.into()));
    t.property("string FriendlyName", |_| Ok(Str::EMPTY.into()));
    t.property("Oid SignatureAlgorithm", |c| {
        let oid = c.object::<CertificateObject>(0)?.0.signature_algorithm();
        Ok(Value::object(OidObject(oid.into())))
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
                3 | 4 => NameType::Dns,
                5 => NameType::Url,
                _ => NameType::Simple,
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
        |c| {
            // Certificates here come without their private keys.
            c.object::<CertificateObject>(0).map(|_| Value::Null)
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
