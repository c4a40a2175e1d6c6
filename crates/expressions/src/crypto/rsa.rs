//! RSA signatures and encryption over aws-lc-rs. Keys of 1,024 bits and more are read; those of fewer than 2,048 bits only
//! verify, since aws-lc-rs does nothing else with them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey,
    Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaEncoding, RsaKeyPair, RsaParameters};
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::der::{INTEGER, OCTETS, Reader, SEQUENCE, element};
use super::{Error, HashKind};

/// `RSASignaturePadding`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SignaturePadding {
    Pkcs1,
    Pss,
}

/// `RSAEncryptionPadding`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EncryptionPadding {
    Pkcs1,
    Oaep(HashKind),
}

/// An RSA key: always the public half, the private one where it was given. Keys never show in Debug output.
#[derive(Clone)]
pub struct RsaKey {
    /// `SubjectPublicKeyInfo`, DER.
    public: Vec<u8>,
    /// PKCS#8, DER.
    private: Option<Vec<u8>>,
}

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RsaKey")
            .field("has_private", &self.private.is_some())
            .finish_non_exhaustive()
    }
}

const NO_PRIVATE_KEY: Error = Error("The key has no private part.");
const BAD_KEY: Error = Error("The key is not a valid RSA key.");
const SMALL: Error = Error(
    "RSA keys of fewer than 2,048 bits only verify signatures with PKCS #1 padding and SHA-1, SHA-256 or SHA-512.",
);
const FAILED: Error =
    Error("The RSA operation failed: the data does not fit the key and the padding.");
const HASH: Error = Error("The hash algorithm is not supported for this operation.");

/// The object identifier of rsaEncryption with its NULL parameters, DER.
const RSA_ALGORITHM: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

impl RsaKey {
    /// From a `SubjectPublicKeyInfo`, DER.
    pub fn from_public(spki: &[u8]) -> Result<Self, Error> {
        // Of all that aws-lc-rs does, this takes the smallest keys.
        let smallest = &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
        ParsedPublicKey::new(smallest, spki).map_err(|_| BAD_KEY)?;
        let key = Self {
            public: spki.to_vec(),
            private: None,
        };
        if (1024..=8192).contains(&key.bits()) {
            Ok(key)
        } else {
            Err(BAD_KEY)
        }
    }

    /// From a PKCS#1 `RSAPublicKey`, DER.
    pub fn from_pkcs1_public(der: &[u8]) -> Result<Self, Error> {
        let mut bits = vec![0];
        bits.extend_from_slice(der);
        let content = [RSA_ALGORITHM.as_slice(), &element(0x03, &bits)].concat();
        Self::from_public(&element(0x30, &content))
    }

    /// From a PKCS#8 `PrivateKeyInfo`, DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let mut key = Self::from_pkcs1_public(&public_of_pkcs8(der)?)?;
        if !key.is_small() {
            RsaKeyPair::from_pkcs8(der).map_err(|_| BAD_KEY)?;
        }
        key.private = Some(der.to_vec());
        Ok(key)
    }

    /// From a PKCS#1 `RSAPrivateKey`, DER.
    pub fn from_pkcs1_private(der: &[u8]) -> Result<Self, Error> {
        let content = [
            &[0x02, 0x01, 0x00],
            RSA_ALGORITHM.as_slice(),
            &element(0x04, der),
        ]
        .concat();
        Self::from_pkcs8(&element(0x30, &content))
    }

    /// `KeySize`, in bits.
    pub fn bits(&self) -> i32 {
        self.pkcs1_public()
            .and_then(|key| modulus_bits(&key))
            .unwrap_or_default()
    }

    /// Whether it does nothing but verify.
    fn is_small(&self) -> bool {
        self.bits() < 2048
    }

    /// What is wrong with a key that an operation does not take.
    fn refused(&self) -> Error {
        if self.is_small() { SMALL } else { BAD_KEY }
    }

    /// Whether the private half is there.
    #[cfg(test)]
    fn has_private(&self) -> bool {
        self.private.is_some()
    }

    /// The public half alone.
    #[cfg(test)]
    fn public_only(&self) -> Self {
        Self {
            public: self.public.clone(),
            private: None,
        }
    }

    /// The public half as `SubjectPublicKeyInfo`, DER.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The private half as PKCS#8, DER.
    pub fn pkcs8(&self) -> Option<&[u8]> {
        self.private.as_deref()
    }

    /// The public half as PKCS#1 `RSAPublicKey`, DER.
    pub fn pkcs1_public(&self) -> Result<Vec<u8>, Error> {
        let info = SubjectPublicKeyInfoOwned::from_der(&self.public).map_err(|_| BAD_KEY)?;
        Ok(info.subject_public_key.raw_bytes().to_vec())
    }

    /// `SignData`
    pub fn sign(
        &self,
        data: &[u8],
        hash: HashKind,
        padding: SignaturePadding,
    ) -> Result<Vec<u8>, Error> {
        let private = self.private.as_ref().ok_or(NO_PRIVATE_KEY)?;
        let encoding: &'static dyn RsaEncoding = match (padding, hash) {
            (SignaturePadding::Pkcs1, HashKind::Sha256) => &signature::RSA_PKCS1_SHA256,
            (SignaturePadding::Pkcs1, HashKind::Sha384) => &signature::RSA_PKCS1_SHA384,
            (SignaturePadding::Pkcs1, HashKind::Sha512) => &signature::RSA_PKCS1_SHA512,
            (SignaturePadding::Pss, HashKind::Sha256) => &signature::RSA_PSS_SHA256,
            (SignaturePadding::Pss, HashKind::Sha384) => &signature::RSA_PSS_SHA384,
            (SignaturePadding::Pss, HashKind::Sha512) => &signature::RSA_PSS_SHA512,
            (_, HashKind::Md5 | HashKind::Sha1) => return Err(HASH),
        };
        let pair = RsaKeyPair::from_pkcs8(private).map_err(|_| self.refused())?;
        let mut out = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), data, &mut out)
            .map_err(|_| FAILED)?;
        Ok(out)
    }

    /// `VerifyData`
    pub fn verify(
        &self,
        data: &[u8],
        signed: &[u8],
        hash: HashKind,
        padding: SignaturePadding,
    ) -> Result<bool, Error> {
        let parameters: &'static RsaParameters = match (padding, hash) {
            (SignaturePadding::Pkcs1, HashKind::Sha1) => {
                &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
            }
            (SignaturePadding::Pkcs1, HashKind::Sha256) => {
                &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            }
            (SignaturePadding::Pkcs1, HashKind::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (SignaturePadding::Pkcs1, HashKind::Sha512) => {
                &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
            }
            (SignaturePadding::Pss, HashKind::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
            (SignaturePadding::Pss, HashKind::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
            (SignaturePadding::Pss, HashKind::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
            (_, HashKind::Md5) | (SignaturePadding::Pss, HashKind::Sha1) => return Err(HASH),
        };
        // To aws-lc-rs a key that is too small for an algorithm is a signature that does not fit.
        if self.is_small() && (padding == SignaturePadding::Pss || hash == HashKind::Sha384) {
            return Err(SMALL);
        }
        let key = ParsedPublicKey::new(parameters, &self.public).map_err(|_| BAD_KEY)?;
        Ok(key.verify_sig(data, signed).is_ok())
    }

    /// `Encrypt`
    pub fn encrypt(&self, data: &[u8], padding: EncryptionPadding) -> Result<Vec<u8>, Error> {
        let key = PublicEncryptingKey::from_der(&self.public).map_err(|_| self.refused())?;
        let mut out = vec![0; key.key_size_bytes()];
        let length = match padding {
            EncryptionPadding::Pkcs1 => {
                let key = Pkcs1PublicEncryptingKey::new(key).map_err(|_| BAD_KEY)?;
                key.encrypt(data, &mut out).map_err(|_| FAILED)?.len()
            }
            EncryptionPadding::Oaep(hash) => {
                let key = OaepPublicEncryptingKey::new(key).map_err(|_| BAD_KEY)?;
                key.encrypt(oaep(hash)?, data, &mut out, None)
                    .map_err(|_| FAILED)?
                    .len()
            }
        };
        out.truncate(length);
        Ok(out)
    }

    /// `Decrypt`
    pub fn decrypt(&self, data: &[u8], padding: EncryptionPadding) -> Result<Vec<u8>, Error> {
        let private = self.private.as_ref().ok_or(NO_PRIVATE_KEY)?;
        let key = PrivateDecryptingKey::from_pkcs8(private).map_err(|_| self.refused())?;
        let mut out = vec![0; key.key_size_bytes()];
        let length = match padding {
            EncryptionPadding::Pkcs1 => {
                let key = Pkcs1PrivateDecryptingKey::new(key).map_err(|_| BAD_KEY)?;
                key.decrypt(data, &mut out).map_err(|_| FAILED)?.len()
            }
            EncryptionPadding::Oaep(hash) => {
                let key = OaepPrivateDecryptingKey::new(key).map_err(|_| BAD_KEY)?;
                key.decrypt(oaep(hash)?, data, &mut out, None)
                    .map_err(|_| FAILED)?
                    .len()
            }
        };
        out.truncate(length);
        Ok(out)
    }
}

/// The public half in a PKCS#8 `PrivateKeyInfo`, as PKCS#1 `RSAPublicKey`: modulus and exponent follow the version.
fn public_of_pkcs8(der: &[u8]) -> Result<Vec<u8>, Error> {
    let mut info = Reader::new(der).enter(SEQUENCE)?;
    info.take(INTEGER)?;
    info.take(SEQUENCE)?;
    let mut key = Reader::new(info.take(OCTETS)?).enter(SEQUENCE)?;
    key.take(INTEGER)?;
    let public = [key.element()?.2, key.element()?.2].concat();
    Ok(element(SEQUENCE, &public))
}

/// The size of the key in a PKCS#1 `RSAPublicKey`.
fn modulus_bits(der: &[u8]) -> Result<i32, Error> {
    let modulus = Reader::new(der).enter(SEQUENCE)?.take(INTEGER)?;
    let zeros = modulus.iter().take_while(|digit| **digit == 0).count();
    let first = modulus.get(zeros).map_or(0, |digit| digit.leading_zeros());
    let bits = i32::try_from((modulus.len() - zeros) * 8).unwrap_or(i32::MAX);
    Ok(bits - first.cast_signed())
}

fn oaep(hash: HashKind) -> Result<&'static OaepAlgorithm, Error> {
    Ok(match hash {
        HashKind::Sha1 => &OAEP_SHA1_MGF1SHA1,
        HashKind::Sha256 => &OAEP_SHA256_MGF1SHA256,
        HashKind::Sha384 => &OAEP_SHA384_MGF1SHA384,
        HashKind::Sha512 => &OAEP_SHA512_MGF1SHA512,
        HashKind::Md5 => return Err(HASH),
    })
}

/// The key of a certificate's `SubjectPublicKeyInfo`, `None` where it is no RSA key.
pub(super) fn of_certificate(info: &SubjectPublicKeyInfoOwned) -> Option<RsaKey> {
    RsaKey::from_public(&info.to_der().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;

    use super::*;

    fn key() -> RsaKey {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).unwrap();
        RsaKey::from_pkcs8(der.as_ref()).unwrap()
    }

    #[test]
    fn what_is_signed_verifies_with_the_public_half() {
        let key = key();
        let public = key.public_only();
        assert_eq!((key.bits(), public.has_private()), (2048, false));
        for padding in [SignaturePadding::Pkcs1, SignaturePadding::Pss] {
            for hash in [HashKind::Sha256, HashKind::Sha384, HashKind::Sha512] {
                let signed = key.sign(b"data", hash, padding).unwrap();
                assert_eq!(public.verify(b"data", &signed, hash, padding), Ok(true));
                assert_eq!(public.verify(b"other", &signed, hash, padding), Ok(false));
            }
        }
        assert_eq!(
            public.sign(b"data", HashKind::Sha256, SignaturePadding::Pss),
            Err(NO_PRIVATE_KEY)
        );
    }

    #[test]
    fn what_is_encrypted_comes_back() {
        let key = key();
        for padding in [
            EncryptionPadding::Pkcs1,
            EncryptionPadding::Oaep(HashKind::Sha256),
        ] {
            let sealed = key.public_only().encrypt(b"secret", padding).unwrap();
            assert_eq!(key.decrypt(&sealed, padding), Ok(b"secret".to_vec()));
        }
        assert_eq!(
            key.encrypt(&[0; 300], EncryptionPadding::Pkcs1),
            Err(FAILED)
        );
        let again = RsaKey::from_pkcs1_public(&key.pkcs1_public().unwrap()).unwrap();
        assert_eq!(again.bits(), 2048);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(RsaKey::from_pkcs8(b"x").is_err() && RsaKey::from_public(b"").is_err());
    }
}
