//! Digest authentication (RFC 8760, RFC 7616, RFC 3261 §22): MD5 and SHA-256, `qop=auth`, from the server's side.
//!
//! A nonce carries its birth and a random salt under an HMAC, so that challenges cost no memory: only a nonce that was
//! used with a good password is remembered, with its count, against replay.
use super::event::Ha1;
use super::header::{Params, unquote};
use super::uri::decimal;
use crate::machine::Wall;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    Sha256,
    Md5,
}

impl Algorithm {
    /// RFC 8760 §2.4: in the order of our preference, one challenge each.
    pub const ALL: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Md5 => "MD5",
        }
    }

    pub fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Sha256 => hex(&Sha256::digest(text.as_bytes())),
            Algorithm::Md5 => {
                use md5::Digest as _;
                hex(&md5::Md5::digest(text.as_bytes()))
            }
        }
    }
}

impl Ha1 {
    /// H(A1) of both algorithms from the password itself.
    pub fn new(user: &str, realm: &str, password: &str) -> Ha1 {
        let a1 = format!("{user}:{realm}:{password}");
        Ha1 { md5: Algorithm::Md5.hash(&a1), sha256: Algorithm::Sha256.hash(&a1) }
    }

    fn of(&self, algorithm: Algorithm) -> &str {
        match algorithm {
            Algorithm::Md5 => &self.md5,
            Algorithm::Sha256 => &self.sha256,
        }
    }
}

/// What an Authorization header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub realm: String,
    pub uri: String,
    nonce: String,
    response: String,
    cnonce: String,
    nc_text: String,
    nc: u32,
    algorithm: Algorithm,
}

impl Credentials {
    /// `None` for another scheme, an algorithm that we did not offer, or anything missing: a new challenge follows.
    pub fn parse(value: &str) -> Option<Credentials> {
        let (scheme, rest) = value.split_once(super::uri::is_space)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        // Commas separate here; as parameters they are read alike.
        let params: Vec<(&str, &str)> =
            super::header::commas(rest).flat_map(|part| Params(part).iter().collect::<Vec<_>>()).collect();
        let get = |name: &str| {
            params
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, v)| unquote(v).into_owned())
        };
        let algorithm = match get("algorithm") {
            None => Algorithm::Md5,
            Some(name) => *Algorithm::ALL.iter().find(|a| name.eq_ignore_ascii_case(a.as_str()))?,
        };
        // Without qop there is no nonce count and no defence against replay (RFC 7616 §3.4.3).
        if !get("qop")?.eq_ignore_ascii_case("auth") {
            return None;
        }
        let nc_text = get("nc")?;
        let nc = (nc_text.len() == 8).then(|| u32::from_str_radix(&nc_text, 16).ok()).flatten()?;
        Some(Credentials {
            user: get("username")?,
            realm: get("realm")?,
            uri: get("uri")?,
            nonce: get("nonce")?,
            response: get("response")?,
            cnonce: get("cnonce")?,
            nc_text,
            nc,
            algorithm,
        })
    }

    /// Whether they were made with this secret.
    pub fn proves(&self, method: &str, ha1: &Ha1) -> bool {
        let expected = self.expected(method, ha1);
        equal(expected.as_bytes(), self.response.to_ascii_lowercase().as_bytes())
    }

    fn expected(&self, method: &str, ha1: &Ha1) -> String {
        let ha2 = self.algorithm.hash(&format!("{method}:{}", self.uri));
        let ha1 = ha1.of(self.algorithm);
        let Credentials { nonce, nc_text, cnonce, .. } = self;
        self.algorithm.hash(&format!("{ha1}:{nonce}:{nc_text}:{cnonce}:auth:{ha2}"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// The password is right, but the nonce is too old or its count was used: ask again with `stale=true`.
    Stale,
    Bad,
}

/// The secret of our nonces and the counts seen.
#[derive(Clone, Serialize, Deserialize)]
pub struct Authenticator {
    key: [u8; 32],
    lifetime: Duration,
    seen_max: usize,
    /// By birth and nonce: the highest count. The oldest go first.
    seen: BTreeMap<String, u32>,
    /// Nonces born at or before this are forgotten and therefore stale.
    forgotten_ms: i64,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}

/// 16 digits of birth in milliseconds, 16 of salt, 32 of the HMAC.
const NONCE_LENGTH: usize = 64;

impl Authenticator {
    pub fn new(key: [u8; 32], lifetime: Duration, seen_max: usize) -> Authenticator {
        Authenticator { key, lifetime, seen_max, seen: BTreeMap::new(), forgotten_ms: i64::MIN }
    }

    /// The WWW-Authenticate values of a 401.
    pub fn challenges(&self, realm: &str, stale: bool, salt: u64, wall: Wall) -> [String; 2] {
        let nonce = self.nonce(wall, salt);
        let stale = if stale { ", stale=true" } else { "" };
        Algorithm::ALL.map(|algorithm| {
            let name = algorithm.as_str();
            format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}")
        })
    }

    pub fn check(
        &mut self,
        credentials: &Credentials,
        method: &str,
        ha1: Option<&Ha1>,
        wall: Wall,
    ) -> Verdict {
        // An unknown user costs the same time as a known one.
        let nobody = Ha1 { md5: String::new(), sha256: String::new() };
        let proved = credentials.proves(method, ha1.unwrap_or(&nobody));
        if !proved || ha1.is_none() {
            return Verdict::Bad;
        }
        let Some(born_ms) = self.born(&credentials.nonce) else { return Verdict::Stale };
        let age = u64::try_from(wall.as_millis().saturating_sub(born_ms)).map(Duration::from_millis);
        if age.map_or(true, |age| age > self.lifetime) || born_ms <= self.forgotten_ms {
            return Verdict::Stale;
        }
        match self.seen.get_mut(&credentials.nonce) {
            Some(count) if credentials.nc <= *count => return Verdict::Stale,
            Some(count) => *count = credentials.nc,
            None => {
                while self.seen.len() >= self.seen_max.max(1) {
                    let Some((oldest, _)) = self.seen.pop_first() else { break };
                    self.forgotten_ms = self.forgotten_ms.max(birth(&oldest).unwrap_or(i64::MIN));
                }
                self.seen.insert(credentials.nonce.clone(), credentials.nc);
            }
        }
        Verdict::Good
    }

    fn nonce(&self, wall: Wall, salt: u64) -> String {
        let head = format!("{:016x}{salt:016x}", wall.as_millis().max(0));
        let mac = hmac(&self.key, head.as_bytes());
        head + &hex(mac.get(..16).unwrap_or_default())
    }

    /// When one of our nonces was made; `None` if it is none of ours.
    fn born(&self, nonce: &str) -> Option<i64> {
        let (head, mac) = nonce.split_at_checked(32).filter(|_| nonce.len() == NONCE_LENGTH)?;
        let good = hex(hmac(&self.key, head.as_bytes()).get(..16)?);
        if equal(good.as_bytes(), mac.as_bytes()) { birth(nonce) } else { None }
    }
}

fn birth(nonce: &str) -> Option<i64> {
    i64::from_str_radix(nonce.get(..16)?, 16).ok()
}

/// RFC 2104 with SHA-256; the key is shorter than a block.
fn hmac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

/// Takes the same time wherever the difference is.
fn equal(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0u8, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(u32::from(d), 16)).collect()
}

/// The client's side, for tests and for trunks that ask us: the Authorization value to a challenge.
pub fn authorize(
    challenge: &str,
    user: &str,
    password: &str,
    method: &str,
    uri: &str,
    nc: u32,
) -> Option<String> {
    let rest = challenge.strip_prefix("Digest ")?;
    let get = |name: &str| super::header::commas(rest).find_map(|part| Params(part).get(name).map(unquote));
    let (realm, nonce) = (get("realm")?, get("nonce")?);
    let name = get("algorithm").unwrap_or("MD5".into());
    let algorithm = *Algorithm::ALL.iter().find(|a| name.eq_ignore_ascii_case(a.as_str()))?;
    let mut credentials = Credentials {
        user: user.to_owned(),
        realm: realm.clone().into_owned(),
        uri: uri.to_owned(),
        nonce: nonce.into_owned(),
        response: String::new(),
        cnonce: "0a4f113b".into(),
        nc_text: format!("{nc:08x}"),
        nc,
        algorithm,
    };
    credentials.response = credentials.expected(method, &Ha1::new(user, &realm, password));
    let Credentials { nonce, response, cnonce, nc_text, .. } = &credentials;
    Some(format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
         algorithm={name}, cnonce=\"{cnonce}\", qop=auth, nc={nc_text}"
    ))
}

/// Whether the digest's URI and the request's are the same resource (RFC 7616 §3.4.6): phones differ in parameters.
pub fn same_resource(a: &str, b: &str) -> bool {
    use super::uri::Uri;
    match (Uri::parse(a), Uri::parse(b)) {
        (Ok(a), Ok(b)) => a.user_text() == b.user_text() && a.host.eq_ignore_ascii_case(b.host),
        _ => a == b,
    }
}

/// An Expires value: seconds, anything unreadable counts as the default (RFC 3261 §20.19, §10.3 no. 7).
pub fn delta_seconds(value: &str) -> Option<Duration> {
    decimal::<u64>(value.trim_matches(super::uri::is_space))
        .map(|secs| Duration::from_secs(secs.min(u64::from(u32::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REALM: &str = "example.org";
    const URI: &str = "sip:example.org";

    fn authenticator() -> Authenticator {
        Authenticator::new([7; 32], Duration::from_secs(300), 4)
    }

    fn check(auth: &mut Authenticator, challenge: &str, password: &str, nc: u32, wall: Wall) -> Verdict {
        let value = authorize(challenge, "101", password, "REGISTER", URI, nc).unwrap();
        let credentials = Credentials::parse(&value).unwrap();
        auth.check(&credentials, "REGISTER", Some(&Ha1::new("101", REALM, "secret")), wall)
    }

    #[test]
    fn the_example_of_rfc_7616() {
        let text = "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=MD5, \
                    nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
                    cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
                    response=\"8ca523f5e9506fed4657c9700eebdbec\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let ha1 = Ha1::new("Mufasa", "http-auth@example.org", "Circle of Life");
        let credentials = Credentials::parse(text).unwrap();
        assert_eq!(credentials.expected("GET", &ha1), "8ca523f5e9506fed4657c9700eebdbec");
        let credentials = Credentials::parse(&text.replace("algorithm=MD5", "algorithm=SHA-256")).unwrap();
        assert_eq!(
            credentials.expected("GET", &ha1),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn both_algorithms_and_counts_beyond_nine_are_good() {
        for which in [0, 1] {
            let mut auth = authenticator();
            let challenge = auth.challenges(REALM, false, 1, Wall(1000))[which].clone();
            for nc in 1..=0x11 {
                assert_eq!(
                    check(&mut auth, &challenge, "secret", nc, Wall(2000)),
                    Verdict::Good,
                    "nc {nc:x}"
                );
            }
        }
    }

    #[test]
    fn a_count_is_good_once() {
        let mut auth = authenticator();
        let [challenge, _] = auth.challenges(REALM, false, 1, Wall(1000));
        assert_eq!(check(&mut auth, &challenge, "secret", 9, Wall(2000)), Verdict::Good);
        assert_eq!(check(&mut auth, &challenge, "secret", 9, Wall(2000)), Verdict::Stale);
        assert_eq!(check(&mut auth, &challenge, "secret", 8, Wall(2000)), Verdict::Stale);
        assert_eq!(check(&mut auth, &challenge, "secret", 10, Wall(2000)), Verdict::Good);
    }

    #[test]
    fn a_wrong_password_is_bad_and_an_old_or_foreign_nonce_stale() {
        let mut auth = authenticator();
        let [challenge, _] = auth.challenges(REALM, false, 1, Wall(1000));
        assert_eq!(check(&mut auth, &challenge, "guess", 1, Wall(2000)), Verdict::Bad);
        assert_eq!(check(&mut auth, &challenge, "secret", 1, Wall(302_000)), Verdict::Stale);
        let [foreign, _] =
            Authenticator::new([8; 32], Duration::from_secs(300), 4).challenges(REALM, false, 1, Wall(1000));
        assert_eq!(check(&mut auth, &foreign, "secret", 1, Wall(2000)), Verdict::Stale);
    }

    #[test]
    fn a_full_table_makes_the_oldest_nonces_stale_not_replayable() {
        let mut auth = authenticator();
        let challenges: Vec<String> =
            (0..5).map(|i| auth.challenges(REALM, false, 1, Wall(1000 + i))[0].clone()).collect();
        for challenge in &challenges {
            assert_eq!(check(&mut auth, challenge, "secret", 1, Wall(2000)), Verdict::Good);
        }
        assert_eq!(check(&mut auth, &challenges[0], "secret", 1, Wall(2000)), Verdict::Stale);
        assert_eq!(auth.seen.len(), 4);
    }

    #[test]
    fn an_unknown_user_is_bad() {
        let mut auth = authenticator();
        let [challenge, _] = auth.challenges(REALM, false, 1, Wall(1000));
        let value = authorize(&challenge, "nobody", "x", "REGISTER", URI, 1).unwrap();
        assert_eq!(
            auth.check(&Credentials::parse(&value).unwrap(), "REGISTER", None, Wall(1000)),
            Verdict::Bad
        );
    }

    #[test]
    fn the_hmac_of_rfc_4231_has_a_known_answer() {
        // The key of the RFC is shorter; zeros after it change nothing.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            hex(&hmac(&key, b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
