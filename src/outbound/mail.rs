//! Letters to applicants, by SMTP (RFC 5321). One connection a letter: the house writes a few an hour.
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::fmt;
use std::time::Duration;

/// For each command and its answer; RFC 5321 §4.5.3.2 would allow minutes, in which a person waits at a page.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The mail server, and how it is spoken to.
#[derive(Clone, PartialEq, Eq)]
pub struct MailOptions {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    pub credentials: Option<(String, String)>,
    pub from: String,
}

impl fmt::Debug for MailOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailOptions({}:{}, {:?}, from {})", self.host, self.port, self.tls, self.from)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// RFC 3207; nothing is sent without it.
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
    Off,
}

#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a letter was not sent. Holds no text and no address of the letter.
#[derive(Debug, thiserror::Error)]
pub enum MailFailure {
    #[error("`{0}` is no e-mail address")]
    Address(&'static str),
    #[error("the letter cannot be written: {0}")]
    Letter(String),
    #[error("the mail server cannot be used: {0}")]
    Setup(String),
    #[error("the mail server did not take the letter: {0}")]
    Refused(String),
}

impl Mailer {
    pub fn new(options: &MailOptions) -> Result<Mailer, MailFailure> {
        let setup = |error: lettre::transport::smtp::Error| MailFailure::Setup(chain(&error));
        let tls = match options.tls {
            MailTls::Off => Tls::None,
            MailTls::Starttls => Tls::Required(TlsParameters::new(options.host.clone()).map_err(setup)?),
            MailTls::Implicit => Tls::Wrapper(TlsParameters::new(options.host.clone()).map_err(setup)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&options.host)
            .port(options.port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let Some((user, password)) = &options.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let from = options.from.parse().map_err(|_| MailFailure::Address("from"))?;
        Ok(Mailer { transport: builder.build(), from })
    }

    /// Comes back when the mail server took the letter, or did not.
    pub async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), MailFailure> {
        let to: Mailbox = to.parse().map_err(|_| MailFailure::Address("to"))?;
        let letter = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_string())
            .map_err(|error| MailFailure::Letter(error.to_string()))?;
        match self.transport.send(letter).await {
            Ok(_) => Ok(()),
            Err(error) => Err(MailFailure::Refused(chain(&error))),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    super::http::chain(error)
}
