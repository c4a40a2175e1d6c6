//! Keys from passwords: PBES2 (RFC 8018) and the older ways of PKCS #12 (RFC 7292, appendix B and C).

use super::cipher::{self, Algorithm, Mode, Padding};
use super::der::{self, OCTETS, OID, Reader, SEQUENCE};
use super::{Error, HashKind};
use crate::runtime::R;

/// Most iterations of one derivation. Files made today have some thousands; a million take longer than a request may.
const MAX_ITERATIONS: u64 = 1_000_000;

/// Iterations of what is written here.
pub(super) const ITERATIONS: u16 = 2_048;

const UNSUPPORTED: Error = Error("The algorithm that protects the key is not supported.");
const TOO_MANY: Error = Error("The number of iterations is out of range.");

/// Who pays for the iterations.
pub(crate) type Pay<'a> = &'a mut dyn FnMut(u64) -> R<()>;

/// A password in the two forms in which it is used.
pub(super) struct Password {
    utf8: Vec<u8>,
    /// UTF-16, big-endian, with its final zero; of no password nothing at all.
    utf16: Vec<u8>,
}

impl Password {
    pub(super) fn new(text: Option<&str>) -> Self {
        let units = text
            .into_iter()
            .flat_map(|text| text.encode_utf16().chain([0]));
        Self {
            utf8: text.unwrap_or_default().as_bytes().to_vec(),
            utf16: units.flat_map(u16::to_be_bytes).collect(),
        }
    }
}

fn pay_for(iterations: u64, bytes: usize, hash: HashKind, pay: Pay<'_>) -> R<()> {
    if iterations == 0 || iterations > MAX_ITERATIONS {
        return Err(TOO_MANY.into());
    }
    let blocks = bytes.div_ceil(hash.bits() as usize / 8) as u64;
    pay(iterations.saturating_mul(blocks.max(1)).saturating_mul(10))
}

/// What a derived key of PKCS #12 is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// Salt and number of iterations.
#[derive(Clone, Copy)]
pub(super) struct Seasoning<'a> {
    pub(super) salt: &'a [u8],
    pub(super) iterations: u64,
}

/// The derivation of PKCS #12 (RFC 7292, appendix B.2).
pub(super) fn derive(
    hash: HashKind,
    purpose: Purpose,
    password: &Password,
    seasoning: Seasoning<'_>,
    length: usize,
    pay: Pay<'_>,
) -> R<Vec<u8>> {
    pay_for(seasoning.iterations, length, hash, pay)?;
    let block = hash.block();
    let filled = |bytes: &[u8]| -> Vec<u8> {
        let size = bytes.len().div_ceil(block) * block;
        bytes.iter().copied().cycle().take(size).collect()
    };
    let mut input = filled(seasoning.salt);
    input.extend(filled(&password.utf16));
    let mut out = Vec::new();
    while out.len() < length {
        let mut data = vec![purpose as u8; block];
        data.extend_from_slice(&input);
        let mut found = hash.digest(&data);
        for _ in 1..seasoning.iterations {
            found = hash.digest(&found);
        }
        out.extend_from_slice(&found);
        let added: Vec<u8> = found.iter().copied().cycle().take(block).collect();
        for part in input.chunks_mut(block) {
            let mut carry = 1_u16;
            for (byte, more) in part.iter_mut().zip(&added).rev() {
                carry += u16::from(*byte) + u16::from(*more);
                *byte = carry as u8;
                carry >>= 8;
            }
        }
    }
    out.truncate(length);
    Ok(out)
}

/// PBKDF2 (RFC 8018).
fn pbkdf2(
    hash: HashKind,
    password: &Password,
    seasoning: Seasoning<'_>,
    length: usize,
    pay: Pay<'_>,
) -> R<Vec<u8>> {
    use aws_lc_rs::pbkdf2 as kdf;
    pay_for(seasoning.iterations, length, hash, pay)?;
    let algorithm = match hash {
        HashKind::Sha1 => kdf::PBKDF2_HMAC_SHA1,
        HashKind::Sha256 => kdf::PBKDF2_HMAC_SHA256,
        HashKind::Sha384 => kdf::PBKDF2_HMAC_SHA384,
        HashKind::Sha512 => kdf::PBKDF2_HMAC_SHA512,
        HashKind::Md5 => return Err(UNSUPPORTED.into()),
    };
    let iterations = u32::try_from(seasoning.iterations).map_err(|_| TOO_MANY)?;
    let iterations = std::num::NonZeroU32::new(iterations).ok_or(TOO_MANY)?;
    let mut out = vec![0; length];
    kdf::derive(
        algorithm,
        iterations,
        seasoning.salt,
        &password.utf8,
        &mut out,
    );
    Ok(out)
}

/// 1.2.840.113549.1.12.1
const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// 1.2.840.113549.2, the keyed hashes
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07];
/// 2.16.840.1.101.3.4.1
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];

/// Decrypts what is protected by the algorithm that `identifier` names with its parameters.
pub(super) fn decrypt(
    identifier: Reader<'_>,
    password: &Password,
    data: &[u8],
    pay: Pay<'_>,
) -> R<Vec<u8>> {
    let mut identifier = identifier;
    let oid = identifier.take(OID)?;
    let mut parameters = identifier.enter(SEQUENCE)?;
    let (algorithm, key, iv);
    if oid == PBES2 {
        let mut derivation = parameters.enter(SEQUENCE)?;
        let mut scheme = parameters.enter(SEQUENCE)?;
        if derivation.take(OID)? != PBKDF2 {
            return Err(UNSUPPORTED.into());
        }
        let length;
        (algorithm, length) = match scheme.take(OID)? {
            DES_EDE3_CBC => (Algorithm::TripleDes, 24),
            oid => match oid.strip_prefix(AES) {
                Some([2]) => (Algorithm::Aes, 16),
                Some([22]) => (Algorithm::Aes, 24),
                Some([42]) => (Algorithm::Aes, 32),
                _ => return Err(UNSUPPORTED.into()),
            },
        };
        iv = scheme.take(OCTETS)?.to_vec();
        let mut derivation = derivation.enter(SEQUENCE)?;
        let seasoning = Seasoning {
            salt: derivation.take(OCTETS)?,
            iterations: derivation.number()?,
        };
        if derivation.tag() == Some(der::INTEGER) {
            derivation.number()?;
        }
        let mut hash = HashKind::Sha1;
        if !derivation.is_empty() {
            let name = derivation.enter(SEQUENCE)?.take(OID)?;
            hash = match name.strip_prefix(HMAC) {
                Some([7]) => HashKind::Sha1,
                Some([9]) => HashKind::Sha256,
                Some([10]) => HashKind::Sha384,
                Some([11]) => HashKind::Sha512,
                _ => return Err(UNSUPPORTED.into()),
            };
        }
        key = pbkdf2(hash, password, seasoning, length, pay)?;
    } else {
        let (length, doubled);
        (algorithm, length, doubled) = match oid.strip_prefix(PKCS12_PBE) {
            Some([3]) => (Algorithm::TripleDes, 24, false),
            Some([4]) => (Algorithm::TripleDes, 16, true),
            Some([5]) => (Algorithm::Rc2, 16, false),
            Some([6]) => (Algorithm::Rc2, 5, false),
            _ => return Err(UNSUPPORTED.into()),
        };
        let seasoning = Seasoning {
            salt: parameters.take(OCTETS)?,
            iterations: parameters.number()?,
        };
        let hash = HashKind::Sha1;
        let mut derived = derive(hash, Purpose::Key, password, seasoning, length, pay)?;
        iv = derive(hash, Purpose::Iv, password, seasoning, 8, pay)?;
        if doubled {
            derived.extend_from_within(..8);
        }
        key = derived;
    }
    let way = (Mode::Cbc, Padding::Pkcs7);
    Ok(cipher::decrypt(algorithm, (&key, &iv), way, data)?)
}

/// Encrypts by AES-256 under a key from the password; gives the algorithm's identifier and the data.
pub(super) fn encrypt(
    password: &Password,
    (salt, iv): (&[u8], &[u8]),
    data: &[u8],
    pay: Pay<'_>,
) -> R<(Vec<u8>, Vec<u8>)> {
    let seasoning = Seasoning {
        salt,
        iterations: ITERATIONS.into(),
    };
    let key = pbkdf2(HashKind::Sha256, password, seasoning, 32, pay)?;
    let way = (Mode::Cbc, Padding::Pkcs7);
    let sealed = cipher::encrypt(Algorithm::Aes, (&key, iv), way, data, || 0)?;
    let null = der::element(0x05, &[]);
    let hash = der::group(SEQUENCE, &[der::element(OID, &[HMAC, &[9]].concat()), null]);
    let derivation = der::group(
        SEQUENCE,
        &[der::element(OCTETS, salt), der::number(ITERATIONS), hash],
    );
    let derivation = der::group(SEQUENCE, &[der::element(OID, PBKDF2), derivation]);
    let scheme = der::group(
        SEQUENCE,
        &[
            der::element(OID, &[AES, &[42]].concat()),
            der::element(OCTETS, iv),
        ],
    );
    let parameters = der::group(SEQUENCE, &[derivation, scheme]);
    let identifier = der::group(SEQUENCE, &[der::element(OID, PBES2), parameters]);
    Ok((identifier, sealed))
}
