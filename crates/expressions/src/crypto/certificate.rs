//! X.509 certificates: what `X509Certificate2` shows of one.

use base64::Engine;
use x509_cert::Certificate as Parsed;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode, Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

use super::rsa::{self, RsaKey};
use super::{Error, HashKind};

const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
const BAD_CERTIFICATE: Error = Error("The certificate data cannot be read.");

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    parsed: Box<Parsed>,
}

/// Which simple name `GetNameInfo` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // `X509NameType`
pub enum NameType {
    Simple,
    Email,
    Upn,
    Dns,
    DnsAlternative,
    Url,
}

/// Object identifiers of name parts and the keys .NET prints for them.
const KEYS: [(&str, &str); 14] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "S"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "T"),
    ("2.5.4.42", "G"),
    ("2.5.4.43", "I"),
    ("1.2.840.113549.1.9.1", "E"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

impl Certificate {
    /// From DER, PEM, or base64 of DER.
    pub fn read(data: &[u8]) -> Result<Self, Error> {
        let der = match pem(data) {
            Some(der) => der,
            None => data.to_vec(),
        };
        let parsed = Parsed::from_der(&der).map_err(|_| BAD_CERTIFICATE)?;
        Ok(Self {
            der,
            parsed: Box::new(parsed),
        })
    }

    /// `RawData`
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// `Thumbprint`: the SHA-1 hash.
    pub fn hash(&self) -> Vec<u8> {
        HashKind::Sha1.digest(&self.der)
    }

    /// `SerialNumber`, most significant byte first.
    pub fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    /// `Version`
    pub fn version(&self) -> i32 {
        self.parsed.tbs_certificate().version() as i32 + 1
    }

    /// `Subject`
    pub fn subject(&self) -> String {
        distinguished(self.parsed.tbs_certificate().subject())
    }

    /// `Issuer`
    pub fn issuer(&self) -> String {
        distinguished(self.parsed.tbs_certificate().issuer())
    }

    /// `GetName` and `GetIssuerName`: the parts in the order of the certificate.
    pub fn written_name(&self, issuer: bool) -> String {
        let tbs = self.parsed.tbs_certificate();
        let mut parts = parts_of(if issuer { tbs.issuer() } else { tbs.subject() });
        parts.reverse();
        parts.join(", ")
    }

    /// `NotBefore` and `NotAfter` in .NET ticks, UTC.
    pub fn validity(&self) -> (i64, i64) {
        let validity = self.parsed.tbs_certificate().validity();
        let ticks = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
            seconds
                .saturating_mul(10_000_000)
                .saturating_add(UNIX_EPOCH_TICKS)
        };
        (ticks(validity.not_before), ticks(validity.not_after))
    }

    /// The signature algorithm's object identifier.
    pub fn signature_algorithm(&self) -> String {
        self.parsed.signature_algorithm().oid.to_string()
    }

    /// The key's algorithm and its bits.
    pub fn public_key(&self) -> (String, Vec<u8>) {
        let info = self.parsed.tbs_certificate().subject_public_key_info();
        (
            info.algorithm.oid.to_string(),
            info.subject_public_key.raw_bytes().to_vec(),
        )
    }

    /// `GetRSAPublicKey()`
    pub fn rsa(&self) -> Option<RsaKey> {
        rsa::of_certificate(self.parsed.tbs_certificate().subject_public_key_info())
    }

    /// `GetNameInfo`, of the issuer when asked for.
    pub fn name(&self, kind: NameType, issuer: bool) -> String {
        let tbs = self.parsed.tbs_certificate();
        let name = if issuer { tbs.issuer() } else { tbs.subject() };
        let part = |oid: &str| {
            name.iter()
                .find(|part| part.oid == ObjectIdentifier::new_unwrap(oid))
                .map(|part| text(&part.value))
        };
        let alternative = |pick: fn(&GeneralName) -> Option<String>| {
            let extension = tbs
                .get_extension::<SubjectAltName>()
                .ok()
                .flatten()
                .filter(|_| !issuer);
            extension.and_then(|(_, names)| names.0.iter().find_map(pick))
        };
        let found = match kind {
            NameType::Simple => part("2.5.4.3")
                .or_else(|| part("2.5.4.11"))
                .or_else(|| part("2.5.4.10"))
                .or_else(|| part("1.2.840.113549.1.9.1")),
            NameType::Email => alternative(|name| match name {
                GeneralName::Rfc822Name(mail) => Some(mail.to_string()),
                _ => None,
            })
            .or_else(|| part("1.2.840.113549.1.9.1")),
            NameType::Dns | NameType::DnsAlternative => alternative(|name| match name {
                GeneralName::DnsName(dns) => Some(dns.to_string()),
                _ => None,
            })
            .or_else(|| part("2.5.4.3").filter(|_| kind == NameType::Dns)),
            NameType::Url => alternative(|name| match name {
                GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
                _ => None,
            }),
            NameType::Upn => None,
        };
        found.unwrap_or_default()
    }
}

/// The content of the first PEM block, or of bare base64.
fn pem(data: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(data).ok()?.trim();
    let body = match text.split_once("-----BEGIN CERTIFICATE-----") {
        Some((_, rest)) => rest.split_once("-----END CERTIFICATE-----")?.0,
        None => text,
    };
    let compact: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD
        .decode(compact)
        .ok()
        .filter(|der| !der.is_empty())
}

/// `CN=a, O=b`: the parts in reverse order of the certificate, as .NET prints them.
fn distinguished(name: &Name) -> String {
    parts_of(name).join(", ")
}

/// The parts of a name, the last one first.
fn parts_of(name: &Name) -> Vec<String> {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| {
            let parts: Vec<String> = rdn
                .iter()
                .map(|part| {
                    let oid = part.oid.to_string();
                    let key = KEYS.iter().find(|(known, _)| *known == oid);
                    let key =
                        key.map_or_else(|| format!("OID.{oid}"), |(_, key)| (*key).to_owned());
                    format!("{key}={}", quoted(&text(&part.value)))
                })
                .collect();
            parts.join(" + ")
        })
        .collect();
    parts.reverse();
    parts
}

/// A value with quotes where its characters ask for them.
fn quoted(value: &str) -> String {
    let special = value.contains([',', '+', '=', '"', '\n', '<', '>', '#', ';'])
        || value.starts_with(' ')
        || value.ends_with(' ')
        || value.is_empty();
    if special {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

/// The text of a name part, whatever string type it has.
fn text(value: &x509_cert::der::Any) -> String {
    match value.tag() {
        Tag::BmpString => {
            let units: Vec<u16> = value
                .value()
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        Tag::TeletexString => value.value().iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(value.value()).into_owned(),
    }
}

impl PartialEq for Certificate {
    /// .NET compares issuer and serial number.
    fn eq(&self, other: &Self) -> bool {
        let issuer = |c: &Self| c.parsed.tbs_certificate().issuer().to_der().ok();
        issuer(self) == issuer(other) && self.serial() == other.serial()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Self-signed for these tests: O=Contoso, Ltd, CN=gateway.test; names gateway.test and a mail address; serial 0x0102.
    const PEM: &str = include_str!("test_certificate.pem");

    #[test]
    fn a_certificate_shows_its_parts() {
        let certificate = Certificate::read(PEM.as_bytes()).unwrap();
        assert_eq!(
            certificate.subject(),
            "CN=gateway.test, O=\"Contoso, Ltd\", C=DE"
        );
        assert_eq!(certificate.issuer(), certificate.subject());
        assert_eq!(certificate.serial(), [1, 2]);
        assert_eq!(certificate.version(), 3);
        assert_eq!(certificate.hash().len(), 20);
        assert_eq!(certificate.name(NameType::Simple, false), "gateway.test");
        assert_eq!(certificate.name(NameType::Dns, false), "api.gateway.test");
        assert_eq!(certificate.name(NameType::Email, false), "ops@gateway.test");
        let (from, to) = certificate.validity();
        assert!(from > UNIX_EPOCH_TICKS && to > from);
        assert!(certificate.rsa().is_some_and(|key| key.bits() == 2048));
        assert_eq!(Certificate::read(certificate.der()).unwrap(), certificate);
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for data in [
            &b""[..],
            b"x",
            b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            &[0x30, 0x80],
        ] {
            assert!(Certificate::read(data).is_err());
        }
    }
}
