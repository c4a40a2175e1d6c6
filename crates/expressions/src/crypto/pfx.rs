//! PKCS #12 files (`.pfx`, RFC 7292): certificates with a private key, protected by a password.
//!
//! A file and a password flow in, the certificate with its key flows out; and back again for `Export`.

use super::certificate::Certificate;
use super::der::{self, BMP, CONTEXT, OCTETS, OID, Reader, SEQUENCE, SET};
use super::pbe::{self, ITERATIONS, Password, Pay, Purpose, Seasoning};
use super::rsa::RsaKey;
use super::{Error, HashKind};
use crate::fault::FaultKind;
use crate::runtime::{Fault, R};

/// A wrong password, or a file that was changed.
pub(crate) const WRONG_PASSWORD: Error = Error("The specified network password is not correct.");
const UNSUPPORTED: Error = Error("The PFX uses a feature that is not supported.");
const NO_CERTIFICATE: Error = Error("The PFX holds no certificate.");

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// 1.2.840.113549.1.12.10.1, the kinds of bags
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
const KEY_BAG: u8 = 1;
const SHROUDED_KEY_BAG: u8 = 2;
const CERTIFICATE_BAG: u8 = 3;
const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];
const LOCAL_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// 2.16.840.1.101.3.4.2, the SHA-2 family
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

/// What a file holds.
pub(crate) struct Pfx {
    pub(crate) certificate: Certificate,
    /// PKCS #8, DER.
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) friendly_name: String,
}

struct Bag {
    kind: u8,
    /// The certificate, or the PKCS #8 of the key.
    content: Vec<u8>,
    friendly_name: String,
    local_key: Option<Vec<u8>>,
}

/// Whether the data begins as a PKCS #12 file does.
pub(crate) fn is_pfx(data: &[u8]) -> bool {
    let begin = |data| -> Result<bool, Error> {
        let mut pfx = Reader::new(data).enter(SEQUENCE)?;
        Ok(pfx.number()? == 3 && pfx.enter(SEQUENCE)?.take(OID)? == DATA)
    };
    begin(data).unwrap_or(false)
}

/// Opens a file.
pub(crate) fn read(data: &[u8], password: Option<&str>, pay: Pay<'_>) -> R<Pfx> {
    let mut pfx = Reader::new(data).enter(SEQUENCE)?;
    pfx.number()?;
    let mut safe = pfx.enter(SEQUENCE)?;
    if safe.take(OID)? != DATA {
        return Err(UNSUPPORTED.into());
    }
    let safe = safe.enter(CONTEXT)?.take(OCTETS)?;
    let mac = if pfx.is_empty() {
        None
    } else {
        Some(pfx.enter(SEQUENCE)?)
    };
    // No password may be none at all, or one without characters.
    let candidates = match password.filter(|text| !text.is_empty()) {
        Some(text) => vec![Password::new(Some(text))],
        None => vec![Password::new(Some("")), Password::new(None)],
    };
    let mut failure = WRONG_PASSWORD.into();
    for password in &candidates {
        let fits = match mac {
            Some(mac) => mac_fits(mac, safe, password, pay)?,
            None => true,
        };
        if fits {
            match open(safe, password, pay) {
                Ok(bags) => return choose(bags),
                Err(error) => failure = error,
            }
        }
    }
    Err(failure)
}

/// Checks the file's keyed hash.
fn mac_fits(mac: Reader<'_>, data: &[u8], password: &Password, pay: Pay<'_>) -> R<bool> {
    let mut mac = mac;
    let mut digest = mac.enter(SEQUENCE)?;
    let hash = match digest.enter(SEQUENCE)?.take(OID)? {
        SHA1 => HashKind::Sha1,
        oid => match oid.strip_prefix(SHA2) {
            Some([1]) => HashKind::Sha256,
            Some([2]) => HashKind::Sha384,
            Some([3]) => HashKind::Sha512,
            _ => return Err(UNSUPPORTED.into()),
        },
    };
    let expected = digest.take(OCTETS)?;
    let salt = mac.take(OCTETS)?;
    let iterations = if mac.is_empty() { 1 } else { mac.number()? };
    let seasoning = Seasoning { salt, iterations };
    let length = hash.bits() as usize / 8;
    let key = pbe::derive(hash, Purpose::Mac, password, seasoning, length, pay)?;
    pay(data.len() as u64 / 16)?;
    let found = hash.hmac(&key, data);
    Ok(aws_lc_rs::constant_time::verify_slices_are_equal(&found, expected).is_ok())
}

/// All bags of a file.
fn open(safe: &[u8], password: &Password, pay: Pay<'_>) -> R<Vec<Bag>> {
    let mut bags = Vec::new();
    let mut parts = Reader::new(safe).enter(SEQUENCE)?;
    while !parts.is_empty() {
        let mut part = parts.enter(SEQUENCE)?;
        let content = match part.take(OID)? {
            DATA => part.enter(CONTEXT)?.take(OCTETS)?.to_vec(),
            ENCRYPTED_DATA => {
                let mut data = part.enter(CONTEXT)?.enter(SEQUENCE)?;
                data.number()?;
                let mut info = data.enter(SEQUENCE)?;
                info.take(OID)?;
                let algorithm = info.enter(SEQUENCE)?;
                // [0] IMPLICIT OCTET STRING
                let sealed = info.take(0x80)?;
                pay(sealed.len() as u64)?;
                pbe::decrypt(algorithm, password, sealed, pay).map_err(as_wrong_password)?
            }
            _ => return Err(UNSUPPORTED.into()),
        };
        let mut found = Reader::new(&content).enter(SEQUENCE)?;
        while !found.is_empty() {
            bags.extend(bag(found.enter(SEQUENCE)?, password, pay)?);
        }
    }
    Ok(bags)
}

/// Bad padding is what a wrong password gives.
fn as_wrong_password(fault: Fault) -> Fault {
    match fault.kind() {
        FaultKind::Thrown(exception, _) if exception.message == *Error::PADDING.0 => {
            WRONG_PASSWORD.into()
        }
        _ => fault,
    }
}

/// A bag, if it is of a kind that matters.
fn bag(bag: Reader<'_>, password: &Password, pay: Pay<'_>) -> R<Option<Bag>> {
    let mut bag = bag;
    let Some([kind]) = bag.take(OID)?.strip_prefix(BAG) else {
        return Ok(None);
    };
    let mut value = bag.enter(CONTEXT)?;
    let content = match *kind {
        KEY_BAG => value.element()?.2.to_vec(),
        SHROUDED_KEY_BAG => {
            let mut info = value.enter(SEQUENCE)?;
            let algorithm = info.enter(SEQUENCE)?;
            let sealed = info.take(OCTETS)?;
            pay(sealed.len() as u64)?;
            pbe::decrypt(algorithm, password, sealed, pay).map_err(as_wrong_password)?
        }
        CERTIFICATE_BAG => {
            let mut value = value.enter(SEQUENCE)?;
            if value.take(OID)? != X509 {
                return Ok(None);
            }
            value.enter(CONTEXT)?.take(OCTETS)?.to_vec()
        }
        _ => return Ok(None),
    };
    let mut found = Bag {
        kind: *kind,
        content,
        friendly_name: String::new(),
        local_key: None,
    };
    if !bag.is_empty() {
        let mut attributes = bag.enter(SET)?;
        while !attributes.is_empty() {
            let mut attribute = attributes.enter(SEQUENCE)?;
            let name = attribute.take(OID)?;
            let mut values = attribute.enter(SET)?;
            if name == FRIENDLY_NAME {
                let units: Vec<u16> = values
                    .take(BMP)?
                    .chunks_exact(2)
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                    .collect();
                found.friendly_name = String::from_utf16_lossy(&units);
            } else if name == LOCAL_KEY {
                found.local_key = Some(values.take(OCTETS)?.to_vec());
            }
        }
    }
    Ok(Some(found))
}

/// The certificate of the first key, or the first there is.
fn choose(bags: Vec<Bag>) -> R<Pfx> {
    let (mut certificates, keys): (Vec<Bag>, Vec<Bag>) = bags
        .into_iter()
        .partition(|bag| bag.kind == CERTIFICATE_BAG);
    let key = keys.into_iter().next();
    let mut place = 0;
    if let Some(key) = &key {
        let public = RsaKey::from_pkcs8(&key.content).ok();
        let fits = |bag: &Bag| {
            let marked = key.local_key.is_some() && key.local_key == bag.local_key;
            let same = || {
                let found = Certificate::read(&bag.content).ok()?.rsa()?;
                Some(found.pkcs1_public().ok()? == public.as_ref()?.pkcs1_public().ok()?)
            };
            marked || same().unwrap_or(false)
        };
        place = certificates.iter().position(fits).unwrap_or(0);
    }
    if certificates.is_empty() {
        return Err(NO_CERTIFICATE.into());
    }
    let chosen = certificates.swap_remove(place);
    Ok(Pfx {
        certificate: Certificate::read(&chosen.content)?,
        key: key.map(|key| key.content),
        friendly_name: chosen.friendly_name,
    })
}

/// Makes a file, as today's tools do: AES-256 and SHA-256. `random` gives 56 bytes.
pub(crate) fn write(pfx: &Pfx, password: &str, random: &[u8; 56], pay: Pay<'_>) -> R<Vec<u8>> {
    let password = Password::new(Some(password));
    let (salts, ivs) = random.split_at(24);
    let attributes = der::group(
        SET,
        &[der::group(
            SEQUENCE,
            &[
                der::element(OID, LOCAL_KEY),
                der::group(SET, &[der::element(OCTETS, &pfx.certificate.hash())]),
            ],
        )],
    );
    let bag = |kind: u8, value: Vec<u8>| {
        let parts = [
            der::element(OID, &[BAG, &[kind]].concat()),
            der::element(CONTEXT, &value),
            attributes.clone(),
        ];
        der::group(SEQUENCE, &parts)
    };
    let wrapped = |content: &[u8]| der::element(CONTEXT, &der::element(OCTETS, content));
    let certificate = [der::element(OID, X509), wrapped(pfx.certificate.der())];
    let certificate = bag(CERTIFICATE_BAG, der::group(SEQUENCE, &certificate));
    let mut parts = Vec::new();
    if let Some(key) = &pfx.key {
        let part = (&salts[..8], &ivs[..16]);
        let (algorithm, sealed) = pbe::encrypt(&password, part, key, pay)?;
        let info = [algorithm, der::element(OCTETS, &sealed)];
        let bag = bag(SHROUDED_KEY_BAG, der::group(SEQUENCE, &info));
        let bags = der::group(SEQUENCE, &[bag]);
        parts.push(der::group(
            SEQUENCE,
            &[der::element(OID, DATA), wrapped(&bags)],
        ));
    }
    let part = (&salts[8..16], &ivs[16..32]);
    let (algorithm, sealed) =
        pbe::encrypt(&password, part, &der::group(SEQUENCE, &[certificate]), pay)?;
    let info = der::group(
        SEQUENCE,
        &[
            der::element(OID, DATA),
            algorithm,
            der::element(0x80, &sealed),
        ],
    );
    let data = der::group(SEQUENCE, &[der::number(0), info]);
    parts.push(der::group(
        SEQUENCE,
        &[
            der::element(OID, ENCRYPTED_DATA),
            der::element(CONTEXT, &data),
        ],
    ));
    let safe = der::group(SEQUENCE, &parts);
    let seasoning = Seasoning {
        salt: &salts[16..],
        iterations: ITERATIONS.into(),
    };
    let hash = HashKind::Sha256;
    let key = pbe::derive(hash, Purpose::Mac, &password, seasoning, 32, pay)?;
    let null = der::element(0x05, &[]);
    let algorithm = [der::element(OID, &[SHA2, &[1]].concat()), null];
    let digest = [
        der::group(SEQUENCE, &algorithm),
        der::element(OCTETS, &hash.hmac(&key, &safe)),
    ];
    let mac = [
        der::group(SEQUENCE, &digest),
        der::element(OCTETS, seasoning.salt),
        der::number(ITERATIONS),
    ];
    Ok(der::group(
        SEQUENCE,
        &[
            der::number(3),
            der::group(SEQUENCE, &[der::element(OID, DATA), wrapped(&safe)]),
            der::group(SEQUENCE, &mac),
        ],
    ))
}
