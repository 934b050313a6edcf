//! Webhooks of subscribers: signed as Standard Webhooks say (github.com/standard-webhooks/standard-webhooks), so that the
//! receiver's library for any language can check them.
//!
//! ```text
//!   webhook-id         the same in every attempt
//!   webhook-timestamp  seconds, of this attempt: an old one is a replay
//!   webhook-signature  v1,base64(HMAC-SHA256(secret, "id.timestamp.body"))
//! ```
use super::{Failure, Outbound};
use crate::flow::{HttpRequest, Method};
use crate::machine::Wall;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::time::Duration;

/// The specification's recommendation is 15 to 30 s.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The specification asks for 24 to 64 bytes.
const SECRET_BYTES: usize = 32;
const SECRET_PREFIX: &str = "whsec_";

/// One attempt.
#[derive(Clone, Copy)]
pub struct Telling<'a> {
    pub url: &'a str,
    pub secret: &'a str,
    pub message: &'a str,
    pub body: &'a str,
    pub at: Wall,
}

impl Outbound {
    /// The status of the answer. Redirects to elsewhere are not followed, and addresses inside are refused.
    pub async fn tell(&self, telling: Telling<'_>) -> Result<u16, Failure> {
        let timestamp = telling.at.as_millis() / 1000;
        let signature = sign(telling.secret, telling.message, timestamp, telling.body);
        let headers = [
            ("Content-Type", "application/json".to_string()),
            ("webhook-id", telling.message.to_string()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        let request = HttpRequest {
            method: Method::Post,
            url: telling.url.to_string(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            body: Some(telling.body.to_string()),
            timeout: TIMEOUT,
            retries: 0,
        };
        self.http(request).await.map(|reply| reply.status)
    }

    /// Whether this address may be told at all, as far as can be said without asking the name service.
    pub fn may_tell(&self, url: &str) -> Result<(), Failure> {
        let url = Url::parse(url).map_err(|error| super::address::Refused::Unreadable(error.to_string()))?;
        Ok(self.guard.check(&url)?)
    }
}

/// A secret by chance, in the spelling that libraries read.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes)))
}

fn sign(secret: &str, message: &str, timestamp: i64, body: &str) -> String {
    let key = secret.strip_prefix(SECRET_PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
    let key = key.unwrap_or_else(|| secret.as_bytes().to_vec());
    // HMAC takes a key of any length (RFC 2104 §2).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    mac.update(format!("{message}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specifications_example() {
        // The example of the reference libraries.
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn no_two_secrets_are_the_same() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        assert!(one.starts_with("whsec_") && one.len() > 40);
    }
}
