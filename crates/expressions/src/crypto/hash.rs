//! MD5, the SHA family, and HMAC over them.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // .NET's names
pub enum HashKind {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl HashKind {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// `HashAlgorithmName.Name`
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// By .NET's name in any case, with or without `-` and a leading `HMAC`.
    pub fn by_name(name: &str) -> Option<Self> {
        let plain: String = name
            .chars()
            .filter(|c| *c != '-')
            .collect::<String>()
            .to_ascii_uppercase();
        let plain = plain.rsplit('.').next().unwrap_or_default();
        Self::ALL.into_iter().find(|kind| kind.name() == plain)
    }

    /// `HashSize`, in bits.
    pub const fn bits(self) -> i32 {
        match self {
            Self::Md5 => 128,
            Self::Sha1 => 160,
            Self::Sha256 => 256,
            Self::Sha384 => 384,
            Self::Sha512 => 512,
        }
    }

    /// Size of the block that HMAC keys are brought to, in bytes.
    pub const fn block(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }

    /// The hash of the data.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(data).to_vec(),
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    /// The keyed hash of the data.
    pub fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => keyed::<Hmac<Md5>>(key, data),
            Self::Sha1 => keyed::<Hmac<Sha1>>(key, data),
            Self::Sha256 => keyed::<Hmac<Sha256>>(key, data),
            Self::Sha384 => keyed::<Hmac<Sha384>>(key, data),
            Self::Sha512 => keyed::<Hmac<Sha512>>(key, data),
        }
    }
}

fn keyed<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length.
    match <M as KeyInit>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn hashes_of_abc() {
        assert_eq!(
            hex(&HashKind::Md5.digest(b"abc")),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        assert_eq!(
            hex(&HashKind::Sha1.digest(b"abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(
            hex(&HashKind::Sha256.digest(b"")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for kind in HashKind::ALL {
            assert_eq!(kind.digest(b"x").len() * 8, kind.bits() as usize);
        }
    }

    #[test]
    fn keyed_hashes_take_keys_of_any_length() {
        assert_eq!(
            hex(&HashKind::Md5.hmac(b"key", b"abc")),
            "d2fe98063f876b03193afb49b4979591"
        );
        assert_eq!(
            hex(&HashKind::Sha1.hmac(b"key", b"abc")),
            "4fd0b215276ef12f2b3e4c8ecac2811498b656fc"
        );
        assert_eq!(HashKind::Sha512.hmac(&[7; 1000], b"abc").len(), 64);
        assert_eq!(HashKind::Sha256.hmac(b"", b"abc").len(), 32);
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        assert_eq!(HashKind::by_name("sha-256"), Some(HashKind::Sha256));
        assert_eq!(
            HashKind::by_name("System.Security.Cryptography.SHA1"),
            Some(HashKind::Sha1)
        );
        assert_eq!(HashKind::by_name("SHA3"), None);
    }
}
