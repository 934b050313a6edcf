//! TLS for the pages (RFC 8446): browsers give a microphone to `https` pages only.
//!
//! ```text
//!   files ──read──▶ in use ◀──every minute, when they have changed──┐
//!                     └── a file that cannot be used: the old one stays, and the log says why
//! ```
//! The certificate is one of files that somebody else renews (ACME clients), or of our own making, which browsers ask about
//! once: it is kept in the data directory, so that they ask once only.
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;

/// How soon a renewed certificate is in use; ACME clients renew weeks before the end.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// We speak HTTP/1.1 only; the pages' WebSockets need it, too.
const PROTOCOL: &[u8] = b"http/1.1";
const OWN_CERTIFICATE: &str = "web-certificate.pem";
const OWN_KEY: &str = "web-key.pem";

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: expected a certificate chain in PEM, got: {why}; see web.tls", path.display())]
    Certificate { path: PathBuf, why: String },
    #[error("{}: expected the certificate's private key in PEM, got: {why}; see web.tls", path.display())]
    Key { path: PathBuf, why: String },
    #[error("{}: a certificate of our own cannot be kept: {why}", path.display())]
    Own { path: PathBuf, why: String },
}

/// The two files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Files {
    /// Those of our own certificate, made if there are none yet, for these names and addresses.
    pub fn own(dir: &Path, names: Vec<String>) -> Result<Files, TlsError> {
        let files = Files { certificate: dir.join(OWN_CERTIFICATE), key: dir.join(OWN_KEY) };
        if files.certificate.exists() && files.key.exists() {
            return Ok(files);
        }
        let own = |path: &Path, why: &dyn std::fmt::Display| TlsError::Own {
            path: path.to_path_buf(),
            why: why.to_string(),
        };
        let made =
            rcgen::generate_simple_self_signed(names).map_err(|error| own(&files.certificate, &error))?;
        for (path, text) in
            [(&files.key, made.signing_key.serialize_pem()), (&files.certificate, made.cert.pem())]
        {
            write_private(path, &text).map_err(|error| own(path, &error))?;
        }
        Ok(files)
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
    }

    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let certificate = |why: String| TlsError::Certificate { path: self.certificate.clone(), why };
        let key = |why: String| TlsError::Key { path: self.key.clone(), why };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(|chain| chain.collect::<Result<Vec<_>, _>>())
            .map_err(|error| certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(certificate("none".into()));
        }
        let secret = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| key(error.to_string()))?;
        CertifiedKey::from_der(chain, secret, provider).map_err(|error| key(error.to_string()))
    }
}

/// What a listener accepts with. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
}

impl Tls {
    pub fn new(files: Files) -> Result<Tls, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let (seen, key) = (files.changed_at(), files.read(&provider)?);
        let current =
            Arc::new(Current { files, provider: provider.clone(), key: RwLock::new((seen, Arc::new(key))) });
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Key { path: current.files.key.clone(), why: error.to_string() })?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(current.clone());
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), current })
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Takes renewed files up, until `shutdown`.
    pub async fn follow(self, shutdown: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = looks.tick() => match self.renew() {
                    Ok(false) => {}
                    Ok(true) => tracing::info!("the web's certificate was renewed"),
                    Err(error) => tracing::error!(%error, "the web's certificate stays the old one"),
                },
            }
        }
    }

    /// Whether the files had changed and are in use now.
    pub fn renew(&self) -> Result<bool, TlsError> {
        let current = &self.current;
        let now = current.files.changed_at();
        if current.key.read().unwrap_or_else(PoisonError::into_inner).0 == now {
            return Ok(false);
        }
        let read = current.files.read(&current.provider);
        let mut key = current.key.write().unwrap_or_else(PoisonError::into_inner);
        // Said once for each change, also of one that cannot be used.
        key.0 = now;
        key.1 = Arc::new(read?);
        Ok(true)
    }
}

#[derive(Debug)]
struct Current {
    files: Files,
    provider: Arc<CryptoProvider>,
    key: RwLock<([Option<SystemTime>; 2], Arc<CertifiedKey>)>,
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.read().unwrap_or_else(PoisonError::into_inner).1.clone())
    }
}

/// For us alone, from its first byte.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_certificate_is_made_once_and_for_us_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let files = Files::own(dir.path(), vec!["localhost".into(), "192.0.2.1".into()]).unwrap();
        let first = fs::read(&files.certificate).unwrap();
        assert_eq!(fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Files::own(dir.path(), Vec::new()).unwrap(), files);
        assert_eq!(fs::read(&files.certificate).unwrap(), first);
    }

    #[test]
    fn a_renewed_certificate_is_taken_and_a_broken_one_leaves_the_old() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = Files::own(old.path(), vec!["localhost".into()]).unwrap();
        let other = Files::own(new.path(), vec!["localhost".into()]).unwrap();
        let tls = Tls::new(files.clone()).unwrap();
        let shown = |tls: &Tls| tls.current.key.read().unwrap().1.cert.clone();
        let first = shown(&tls);
        assert!(!tls.renew().unwrap());
        let touch = |path: &Path, seconds| {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        };
        fs::write(&files.certificate, "no certificate").unwrap();
        touch(&files.certificate, 1_000_000_000);
        assert!(matches!(tls.renew(), Err(TlsError::Certificate { .. })));
        assert!(!tls.renew().unwrap(), "it is said once");
        assert_eq!(shown(&tls), first);
        fs::copy(&other.certificate, &files.certificate).unwrap();
        fs::copy(&other.key, &files.key).unwrap();
        touch(&files.certificate, 1_000_000_001);
        assert!(tls.renew().unwrap());
        assert_ne!(shown(&tls), first);
        // A key that is not the certificate's.
        let third = tempfile::tempdir().unwrap();
        let third = Files::own(third.path(), vec!["localhost".into()]).unwrap();
        fs::copy(&third.key, &files.key).unwrap();
        touch(&files.key, 1_000_000_002);
        assert!(matches!(tls.renew(), Err(TlsError::Key { .. })));
    }

    #[test]
    fn files_that_are_not_there_are_named() {
        let files = Files { certificate: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
        let error = Tls::new(files).err().unwrap().to_string();
        assert!(error.starts_with("/nowhere/cert.pem: ") && error.contains("web.tls"), "{error}");
    }
}
