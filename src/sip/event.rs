//! What goes into and comes out of the SIP machine, in the field's words (RFC 3261).
use crate::digit::Digit;
use crate::ids::{LegId, OperatorId, RequestId};
use crate::machine::Instant;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

/// A session description (RFC 8866) as text. The SIP machine carries it and does not read it.
pub type Sdp = String;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    Ws,
    Wss,
}

impl Transport {
    /// SIP over WebSocket (RFC 7118): the peer is a browser, and has no address but its connection.
    pub fn is_websocket(self) -> bool {
        matches!(self, Transport::Ws | Transport::Wss)
    }
}

/// One listener of ours and one peer: where bytes came from, and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hop {
    pub transport: Transport,
    pub local: SocketAddr,
    pub peer: SocketAddr,
}

/// Whom an INVITE or OPTIONS of ours goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The newest live binding of this operator in the registrar.
    Registered(OperatorId),
    /// A URI; `via` overrides where the datagram goes (an outbound proxy, or a resolved host name).
    Uri { uri: String, via: Option<SocketAddr> },
}

/// The name and number that a From header shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub display: String,
    pub user: String,
    pub host: String,
}

/// RFC 3326: `SIP;cause=200;text="Call completed elsewhere"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub cause: u16,
    pub text: String,
}

/// H(A1) of a user, in lower-case hexadecimal, for digest authentication (RFC 8760).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ha1 {
    pub md5: String,
    pub sha256: String,
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1(secret)")
    }
}

/// An INVITE of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    pub leg: LegId,
    pub to: Target,
    pub from: Identity,
    /// Extra headers, `X-Hotline-*` and the like: name and value, already checked for line breaks by the builder.
    pub headers: Vec<(String, String)>,
    pub sdp: Sdp,
}

/// What the Switchboard wants done. A command for a leg that is gone does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// 180, or 183 when there is early media.
    Ring {
        leg: LegId,
        early: Option<Sdp>,
    },
    /// 200 to the INVITE.
    Answer {
        leg: LegId,
        sdp: Sdp,
    },
    /// A final refusal of an incoming INVITE.
    Reject {
        leg: LegId,
        status: u16,
        retry_after: Option<Duration>,
    },
    Invite(Box<Invite>),
    /// Ends the leg in whatever way its state asks for: 487 or 480 before our answer, CANCEL before theirs (sent when the
    /// first provisional response allows it, RFC 3261 §9.1), ACK and BYE when their 200 crossed it, BYE afterwards.
    Hangup {
        leg: LegId,
        reason: Option<Reason>,
    },
    /// 200 to a re-INVITE or UPDATE.
    AcceptOffer {
        leg: LegId,
        sdp: Sdp,
    },
    /// 488 or another status to a re-INVITE or UPDATE; the session stays as it was.
    RejectOffer {
        leg: LegId,
        status: u16,
    },
    /// A re-INVITE of ours.
    Reinvite {
        leg: LegId,
        sdp: Sdp,
    },
    /// To the peer's REFER: 202, or a refusal.
    AnswerRefer {
        leg: LegId,
        status: u16,
    },
    /// How the transfer that it asked for goes; a final status is the last one told.
    TellReferrer {
        leg: LegId,
        status: u16,
    },
    /// A REFER of ours to this URI: how it goes is told by `ReferTold`.
    Refer {
        leg: LegId,
        to: String,
    },
    /// OPTIONS: is the peer there? Answered by one `Pong`.
    Ping {
        request: RequestId,
        to: Target,
    },
    /// Sets (or, with `None`, removes) the digest secret of a user who may register.
    SetSecret {
        user: OperatorId,
        ha1: Option<Ha1>,
    },
    /// A further secret of this user's, good until then: what a page registers with. Known to nobody after this.
    AddPass {
        user: OperatorId,
        ha1: Ha1,
        until: Instant,
    },
    /// From now on new INVITEs get 503.
    Drain,
}

/// An INVITE that reached us and was answered 100.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    pub leg: LegId,
    /// The user part of the request URI: the number dialled.
    pub called: String,
    pub from: Identity,
    /// The user part of P-Asserted-Identity (RFC 3325), to be believed only from a trusted peer.
    pub asserted: Option<String>,
    /// RFC 3323 `Privacy: id`, or an anonymous From.
    pub anonymous: bool,
    pub call_id: String,
    pub user_agent: Option<String>,
    /// `X-Hotline-Test` says that nobody is behind it; to be believed only from a source for tests.
    pub test: bool,
    /// Who has proved by digest that he is it; asked for only where the number dialled wants it.
    pub user: Option<OperatorId>,
    /// Absent when the peer wants the offer from us (RFC 3264 §5).
    pub offer: Option<Sdp>,
    pub hop: Hop,
}

/// How a leg came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// BYE from the peer.
    Bye { reason: Option<Reason> },
    /// CANCEL from the peer before our final answer.
    Cancelled,
    /// The ACK to our 200 did not come within 64·T1; BYE was sent.
    NoAck,
    /// The session timer ran out (RFC 4028); BYE was sent.
    SessionExpired,
    /// The transport or a transaction inside the dialog failed (408, 481).
    Lost,
}

/// What happened. After `Ended` or `Failed` the leg is gone and nothing more is said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Incoming(Box<Incoming>),
    /// The ACK to our 200 came; `sdp` is the peer's answer if the offer was ours.
    Confirmed {
        leg: LegId,
        sdp: Option<Sdp>,
    },
    Ended {
        leg: LegId,
        how: Ended,
    },
    /// A provisional response to our INVITE. 100 is reported too: the peer is there.
    Progress {
        leg: LegId,
        status: u16,
        sdp: Option<Sdp>,
    },
    /// The first 2xx to our INVITE. The ACK has been sent. Further 2xx (forks) are acknowledged and released inside.
    Answered {
        leg: LegId,
        sdp: Sdp,
        user_agent: Option<String>,
    },
    /// A final refusal, or 408 after 64·T1 without any answer, or 503 when it could not be sent.
    /// After our own `Hangup` this is 487, or `Ended` when a 200 crossed the CANCEL.
    Failed {
        leg: LegId,
        status: u16,
        redirect: Vec<String>,
    },
    /// The peer's re-INVITE or UPDATE with an offer; answer with `AcceptOffer` or `RejectOffer`.
    Offered {
        leg: LegId,
        sdp: Sdp,
    },
    /// The peer's answer to our re-INVITE; `None` when it was refused.
    Reanswered {
        leg: LegId,
        sdp: Option<Sdp>,
    },
    /// INFO with `application/dtmf-relay` or `application/dtmf`.
    Digit {
        leg: LegId,
        digit: Digit,
        duration: Duration,
    },
    /// A phone of this user's was bound or refreshed, or his newest one went and another is left. Contact, hop and the rest are
    /// those of the newest: where an INVITE goes.
    Registered {
        user: OperatorId,
        contact: String,
        hop: Hop,
        expires: Duration,
        user_agent: Option<String>,
    },
    /// Expired or taken back.
    Unregistered {
        user: OperatorId,
    },
    Pong {
        request: RequestId,
        alive: bool,
    },
    /// The peer's REFER: it asks that its other party be passed on to `to`, the user part of Refer-To; answer with
    /// `AnswerRefer`. `replaces`: in place of another dialog of the peer's (RFC 3891).
    Referred {
        leg: LegId,
        to: String,
        replaces: bool,
    },
    /// The answer to our REFER, and then what its NOTIFYs say.
    ReferTold {
        leg: LegId,
        status: u16,
    },
    /// The WebSocket that a call's signalling came over was closed: nothing can be said to that page any more.
    FlowLost {
        leg: LegId,
    },
}

impl Event {
    /// The dialog that it is about; `None` for what is not about one.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Event::Incoming(incoming) => Some(incoming.leg),
            Event::Confirmed { leg, .. }
            | Event::Ended { leg, .. }
            | Event::Progress { leg, .. }
            | Event::Answered { leg, .. }
            | Event::Failed { leg, .. }
            | Event::Offered { leg, .. }
            | Event::Reanswered { leg, .. }
            | Event::Referred { leg, .. }
            | Event::ReferTold { leg, .. }
            | Event::FlowLost { leg }
            | Event::Digit { leg, .. } => Some(*leg),
            Event::Registered { .. } | Event::Unregistered { .. } | Event::Pong { .. } => None,
        }
    }
}

/// What the shell around the stack must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send these bytes. On a stream without a connection to the peer, open one; failure comes back by
    /// `Stack::unsendable`.
    Send {
        hop: Hop,
        bytes: Vec<u8>,
    },
    Event(Event),
}
