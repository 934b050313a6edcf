//! Why a call ended, in words that a record keeps and a report counts.
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who ended the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangupBy {
    Caller,
    Operator,
    /// The flow, a limit, a fault or an administrator.
    System,
}

impl HangupBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            HangupBy::Caller => "caller",
            HangupBy::Operator => "operator",
            HangupBy::System => "system",
        }
    }
}

macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The cause of a call's end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Cause {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }
        impl Cause {
            pub const ALL: &[Cause] = &[$(Cause::$variant,)*];
            pub const fn as_str(self) -> &'static str {
                match self { $(Cause::$variant => $text,)* }
            }
        }
    };
}

causes! {
    /// The flow reached its end, or a party hung up after a talk.
    Normal = "normal",
    /// The caller hung up in a menu, an announcement or a recording.
    CallerLeft = "caller-left",
    /// The caller hung up while waiting for an operator.
    Abandoned = "abandoned",
    /// The caller gave up before the call was answered (CANCEL).
    Cancelled = "cancelled",
    /// No line has this number.
    UnknownNumber = "unknown-number",
    /// No codec in common with the caller.
    NoCodec = "no-codec",
    /// More calls than the machine admits.
    OverCapacity = "over-capacity",
    /// The server was being stopped.
    Draining = "draining",
    /// A caller rule refused the call.
    Refused = "refused",
    /// No media port could be opened in time.
    NoMedia = "no-media",
    /// No RTP came for `media.rtp_timeout`.
    RtpTimeout = "rtp-timeout",
    /// The ACK to our 200 never came (RFC 3261 §13.3.1.4).
    NoAck = "no-ack",
    /// A session timer ran out (RFC 4028).
    SessionExpired = "session-expired",
    /// An administrator ended the call.
    Admin = "admin",
    /// The caller hung up and is to be called back.
    Callback = "callback",
    /// Nobody pressed the key when he was called back.
    NotReached = "not-reached",
    /// A queue exit that the flow does not handle said goodbye.
    QueueExit = "queue-exit",
    /// The node stopped without ending the call; written at the next start.
    NodeFailure = "node-failure",
    /// A fault of ours; the caller heard an apology.
    Internal = "internal",
}

impl Cause {
    pub fn parse(text: &str) -> Option<Cause> {
        Cause::ALL.iter().copied().find(|cause| cause.as_str() == text)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of a call, for `hotline_calls_total{result}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// The caller talked with an operator.
    Connected,
    /// The caller was served by the flow alone.
    SelfService,
    /// The caller left while waiting for an operator.
    Abandoned,
    /// The call was refused before it was answered.
    Rejected,
    /// The caller hung up and is to be called back.
    Callback,
    /// He was called back, and was not there.
    NotReached,
    /// A fault ended it.
    Failed,
}

impl CallResult {
    pub const fn as_str(self) -> &'static str {
        match self {
            CallResult::Connected => "connected",
            CallResult::SelfService => "self_service",
            CallResult::Abandoned => "abandoned",
            CallResult::Rejected => "rejected",
            CallResult::Callback => "callback",
            CallResult::NotReached => "not_reached",
            CallResult::Failed => "failed",
        }
    }
}
