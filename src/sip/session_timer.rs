//! Session timers (RFC 4028): how both sides agree on who proves the session alive, and how often.
use super::header::{Name, Params};
use super::message::Message;
use super::uri::{decimal, is_space};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refresher {
    Us,
    Them,
}

/// What was agreed on by a 2xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub expires: Duration,
    pub refresher: Refresher,
}

/// RFC 4028 §4: no Min-SE may be below.
pub const MIN_SE_FLOOR: Duration = Duration::from_secs(90);

/// Why their request gets 422.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSmall;

impl Session {
    /// Our answer to their INVITE or UPDATE (§9): `None` when neither side wants a timer.
    pub fn answer(
        message: &Message<'_>,
        wanted: Duration,
        min: Duration,
    ) -> Result<Option<Session>, TooSmall> {
        let supports = message.lists(Name::Supported, "timer") || message.lists(Name::Require, "timer");
        let asked = session_expires(message);
        if asked.is_some_and(|(expires, _)| expires < min) {
            return Err(TooSmall);
        }
        let Some((expires, refresher)) = asked.or(supports.then_some((wanted, None))) else {
            return Ok(None);
        };
        // §9: lowered as far as their Min-SE allows
        let floor = seconds(message.header(Name::MinSe)).unwrap_or(min).max(min);
        let expires = expires.min(wanted.max(floor));
        let refresher = match refresher {
            Some(Sender::Uac) if supports => Refresher::Them,
            None if supports => Refresher::Them,
            _ => Refresher::Us,
        };
        Ok(Some(Session { expires, refresher }))
    }

    /// What their 2xx to our INVITE or UPDATE says (§7.2). Without Session-Expires there is no timer.
    pub fn agreed(message: &Message<'_>) -> Option<Session> {
        let (expires, refresher) = session_expires(message)?;
        let refresher = match refresher {
            Some(Sender::Uac) => Refresher::Us,
            Some(Sender::Uas) | None => Refresher::Them,
        };
        Some(Session { expires: expires.max(MIN_SE_FLOOR), refresher })
    }

    /// When the refresher sends its refresh (§10: half of the interval).
    pub fn refresh_after(&self) -> Duration {
        self.expires / 2
    }

    /// When the session is given up (§10: min(32 s, a third) before it expires).
    pub fn give_up_after(&self) -> Duration {
        self.expires.saturating_sub(Duration::from_secs(32).min(self.expires / 3))
    }

    /// Session-Expires in our 2xx: there, the client is the peer.
    pub fn in_response(&self) -> String {
        let refresher = if self.refresher == Refresher::Them { "uac" } else { "uas" };
        format!("{};refresher={refresher}", self.expires.as_secs())
    }

    /// Session-Expires in a request of ours: there, the client is us.
    pub fn in_request(&self) -> String {
        let refresher = if self.refresher == Refresher::Us { "uac" } else { "uas" };
        format!("{};refresher={refresher}", self.expires.as_secs())
    }
}

/// A Min-SE or other header of plain seconds; parameters are passed over.
pub fn seconds(value: Option<&str>) -> Option<Duration> {
    let number = value?.split(';').next()?.trim_matches(is_space);
    decimal::<u32>(number).map(|secs| Duration::from_secs(u64::from(secs)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Uac,
    Uas,
}

fn session_expires(message: &Message<'_>) -> Option<(Duration, Option<Sender>)> {
    let value = message.header(Name::SessionExpires)?;
    let params = value.split_once(';').map_or("", |(_, params)| params);
    let refresher = match Params(params).get("refresher") {
        Some(who) if who.eq_ignore_ascii_case("uac") => Some(Sender::Uac),
        Some(who) if who.eq_ignore_ascii_case("uas") => Some(Sender::Uas),
        _ => None,
    };
    Some((seconds(Some(value))?, refresher))
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    const WANTED: Duration = Duration::from_secs(1800);
    const MIN: Duration = Duration::from_secs(90);

    fn answer(headers: &str) -> Result<Option<Session>, TooSmall> {
        let text = format!(
            "UPDATE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n\
             Call-ID: 1\r\nCSeq: 7 UPDATE\r\n{headers}\r\n"
        );
        Session::answer(&parse(text.as_bytes()).unwrap(), WANTED, MIN)
    }

    #[test]
    fn the_table_of_rfc_4028_section_9() {
        let session = |secs, refresher| Ok(Some(Session { expires: Duration::from_secs(secs), refresher }));
        assert_eq!(answer(""), Ok(None));
        assert_eq!(answer("k: timer\r\n"), session(1800, Refresher::Them));
        assert_eq!(answer("k: timer\r\nx: 600\r\n"), session(600, Refresher::Them));
        assert_eq!(answer("k: timer\r\nx: 600;refresher=uas\r\n"), session(600, Refresher::Us));
        assert_eq!(answer("x: 600;refresher=uac\r\n"), session(600, Refresher::Us), "it cannot, so we do");
        assert_eq!(answer("k: timer\r\nx: 7200\r\n"), session(1800, Refresher::Them));
        assert_eq!(answer("k: timer\r\nx: 7200\r\nMin-SE: 3600\r\n"), session(3600, Refresher::Them));
        assert_eq!(answer("k: timer\r\nx: 60\r\n"), Err(TooSmall));
    }

    #[test]
    fn the_refresh_comes_at_half_time_and_the_end_before_the_end() {
        let session = Session { expires: Duration::from_secs(90), refresher: Refresher::Us };
        assert_eq!(session.refresh_after(), Duration::from_secs(45));
        assert_eq!(session.give_up_after(), Duration::from_secs(60));
    }
}
