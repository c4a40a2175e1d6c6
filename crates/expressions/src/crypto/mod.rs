//! Hashes, keyed hashes and symmetric ciphers by .NET's names, over the RustCrypto crates; RSA over
//! aws-lc-rs, because a constant-time implementation is needed there; X.509 certificates and
//! the PKCS #12 files they come in.
//!
//! Bytes flow in, bytes or a [`Error`] with .NET's message flow out. Keys are never part of an error or of Debug output.

mod certificate;
mod cipher;
mod der;
mod hash;
mod pbe;
pub(crate) mod pfx;
mod rsa;

pub use certificate::{Certificate, NameType};
pub use cipher::{Algorithm, Mode, Padding, decrypt, encrypt};
pub use hash::HashKind;
pub use rsa::{EncryptionPadding, RsaKey, SignaturePadding};

/// `System.Security.Cryptography.CryptographicException` in the making.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub &'static str);

impl Error {
    /// A key of a size the algorithm doesn't know.
    pub const KEY_SIZE: Self = Self("Specified key is not a valid size for this algorithm.");
    /// An initialization vector that is not one block long.
    pub const IV_SIZE: Self = Self(
        "Specified initialization vector (IV) does not match the block size for this algorithm.",
    );
    /// Data whose padding is not what was announced, as a wrong key gives.
    pub const PADDING: Self = Self("Padding is invalid and cannot be removed.");
    /// Data that is no whole number of blocks.
    pub const PARTIAL_BLOCK: Self = Self("The input data is not a complete block.");
}
