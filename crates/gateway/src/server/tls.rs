//! The listeners' certificates.
//!
//! In: a certificate chain and a key, from files or memory. Out: the rustls configuration new connections use, replaced as a whole when
//! the files change; connections in flight keep theirs. A pair that cannot be used is refused and the old one stays. Keys never show
//! in Debug output or errors.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use thiserror::Error;

use crate::upstream::{TlsError, certificates, private_key};

/// A certificate the listener cannot use.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}: {cause}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Certificate and key do not make a pair, or are no PEM.
    #[error("the listener's certificate cannot be used: {0}")]
    Unusable(#[from] TlsError),
    /// The same, of files.
    #[error("the listener's certificate {chain} with the key {key} cannot be used: {cause}")]
    UnusableFiles {
        /// File of the chain.
        chain: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// What is wrong.
        cause: TlsError,
    },
}

/// A certificate with its key, for any number of listeners.
pub struct Tls {
    config: ArcSwap<ServerConfig>,
    files: Option<(PathBuf, PathBuf)>,
    /// The PEM texts in use, to notice a change.
    seen: Mutex<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Takes PEM texts from memory.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Arc<Self>, CertificateError> {
        Ok(Arc::new(Self {
            config: ArcSwap::new(build(chain, key)?),
            files: None,
            seen: Mutex::default(),
        }))
    }

    /// Takes PEM files, which are looked at again every half minute and at [`Tls::reload`].
    pub fn from_files(chain: &Path, key: &Path) -> Result<Arc<Self>, CertificateError> {
        let seen = (read(chain)?, read(key)?);
        let config = ArcSwap::new(build_files(&seen, chain, key)?);
        Ok(Arc::new(Self {
            config,
            files: Some((chain.to_owned(), key.to_owned())),
            seen: Mutex::new(seen),
        }))
    }

    /// Reads the files again. Returns whether they had changed; on an error the certificate in use stays. Blocks on the disk.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let Some((chain, key)) = &self.files else {
            return Ok(false);
        };
        let found = (read(chain)?, read(key)?);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return Ok(false);
        }
        self.config.store(build_files(&found, chain, key)?);
        *seen = found;
        Ok(true)
    }

    /// Whether there are files to watch.
    pub(crate) fn has_files(&self) -> bool {
        self.files.is_some()
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|cause| CertificateError::Read {
        path: path.to_owned(),
        cause,
    })
}

fn build_files(
    (chain_text, key_text): &(Vec<u8>, Vec<u8>),
    chain: &Path,
    key: &Path,
) -> Result<Arc<ServerConfig>, CertificateError> {
    build(chain_text, key_text).map_err(|cause| CertificateError::UnusableFiles {
        chain: chain.to_owned(),
        key: key.to_owned(),
        cause,
    })
}

fn build(chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates(chain)?, private_key(key)?)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_changed_file_is_taken_and_a_broken_one_is_not() {
        let folder = std::env::temp_dir().join(format!("tidegate-tls-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).expect("a folder");
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        let write = |(certificate, secret): (String, String)| {
            std::fs::write(&chain, certificate).expect("written");
            std::fs::write(&key, secret).expect("written");
        };
        write(pair("a.example"));
        let tls = Tls::from_files(&chain, &key).expect("a usable pair");
        let first = tls.config();
        assert!(!tls.reload().expect("readable"));
        write(pair("b.example"));
        assert!(tls.reload().expect("readable"));
        let second = tls.config();
        assert!(!Arc::ptr_eq(&first, &second));
        std::fs::write(&key, pair("c.example").1).expect("written");
        let error = tls.reload().expect_err("certificate and key do not match");
        assert!(!error.to_string().contains("PRIVATE KEY"), "{error}");
        assert!(Arc::ptr_eq(&second, &tls.config()));
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Tls::from_files(
            Path::new("/nowhere/chain.pem"),
            Path::new("/nowhere/key.pem"),
        )
        .expect_err("missing");
        assert!(error.to_string().contains("/nowhere/chain.pem"), "{error}");
    }
}
