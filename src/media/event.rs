//! What goes into and comes out of a leg: one party's RTP session, its playout and its ears.
use crate::digit::{Digit, DigitMethod};
use crate::ids::{LegId, PlayId};
use crate::say::{Language, Piece};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

pub type Sdp = String;

/// How the session description of a leg comes about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Negotiation {
    /// They offered: `Opened` carries our answer.
    Answer { offer: Sdp },
    /// We offer: `Opened` carries our offer, and `Answer` brings theirs.
    Offer,
    /// The same to a browser: ICE, DTLS-SRTP and both laws of G.711.
    OfferBrowser,
}

/// How a supervisor takes part in a talk. He hears both in each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervision {
    /// Nobody hears him.
    Listen,
    /// The operator hears him.
    Whisper,
    /// Both hear him.
    Barge,
}

impl Supervision {
    pub const fn as_str(self) -> &'static str {
        match self {
            Supervision::Listen => "listen",
            Supervision::Whisper => "whisper",
            Supervision::Barge => "barge",
        }
    }
}

/// A recording by name: `YYYY-MM/<call>-<n>`; the recorder thread adds the folder and `.wav`.
pub type RecordingName = String;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegCommand {
    /// Opens a leg on a free port. `peer` is the signalling address: source learning starts from it and the SDP's.
    Open {
        leg: LegId,
        how: Negotiation,
        peer: IpAddr,
    },
    /// The peer's answer to our offer.
    Answer {
        leg: LegId,
        sdp: Sdp,
    },
    /// The peer's new offer (hold, new address, codec); answered by `Reanswer`.
    Reoffer {
        leg: LegId,
        sdp: Sdp,
    },
    /// Says these pieces, replacing what is being said. With `barge_in` the first digit falls silent in the same tick.
    /// Music that was on stops, and is resumed by a new `Music`.
    Play {
        leg: LegId,
        play: PlayId,
        language: Language,
        pieces: Vec<Piece>,
        barge_in: bool,
    },
    /// Falls silent: no prompt, no music.
    Hush {
        leg: LegId,
    },
    /// Music on hold. All legs with the same name share one position, which goes on while nobody listens.
    Music {
        leg: LegId,
        music: String,
    },
    /// Joins two legs of the same shard both ways; prompts and music on both stop.
    Bridge {
        a: LegId,
        b: LegId,
    },
    /// Takes the bridge of this leg apart. Both fall silent.
    Unbridge {
        leg: LegId,
    },
    /// Puts a supervisor's leg beside the bridge of these two, or changes how he takes part. Ends with the bridge, or with his
    /// leg; the two talk on.
    Coach {
        leg: LegId,
        caller: LegId,
        operator: LegId,
        mode: Supervision,
    },
    /// Records the talks of this leg in stereo: what its peer says left, what the other leg of its bridge says right. Ends by
    /// `StopTalk` or close; answered by `TalkRecorded`.
    RecordTalk {
        leg: LegId,
        name: RecordingName,
    },
    /// What is said meanwhile is left out.
    PauseTalk {
        leg: LegId,
        paused: bool,
    },
    StopTalk {
        leg: LegId,
    },
    /// Sends a key press to the peer (RFC 4733, 100 ms).
    SendDigit {
        leg: LegId,
        digit: Digit,
    },
    /// A key press that came by SIP INFO: told to the leg, so that one press heard in several ways is one `Digit`.
    InfoDigit {
        leg: LegId,
        digit: Digit,
    },
    /// Records what the peer says, after a beep. Ends by `silence`, `max`, any digit, `StopRecording` or close.
    Record {
        leg: LegId,
        name: RecordingName,
        max: Duration,
        silence: Duration,
    },
    StopRecording {
        leg: LegId,
    },
    /// Frees the port; answered by `Closed` with the leg's quality.
    Close {
        leg: LegId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No codec in common, or no audio stream: 488.
    NoCommonCodec,
    /// The description could not be read: 400.
    BadDescription,
    /// The port range is used up: 503.
    NoPort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingEnd {
    Silence,
    Max,
    Digit,
    Stopped,
    /// Nothing but silence was heard, or the disk failed.
    Failed,
}

/// What a leg's RTP session was like, from our side and from the peer's reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    pub codec: String,
    pub packets_sent: u64,
    pub packets_received: u64,
    /// RFC 3550 A.3: expected − received, never below zero.
    pub packets_lost: u64,
    /// From an address that the peer's rules do not allow.
    pub packets_rejected: u64,
    /// RFC 3550 A.8, at the end.
    pub jitter_ms: f64,
    /// From the peer's last receiver report.
    pub remote_lost: Option<u64>,
    pub round_trip_ms: Option<f64>,
}

impl LegEvent {
    /// The leg that this is about.
    pub fn leg(&self) -> LegId {
        match self {
            LegEvent::Opened { leg, .. }
            | LegEvent::Refused { leg, .. }
            | LegEvent::Reanswer { leg, .. }
            | LegEvent::Flowing { leg }
            | LegEvent::Digit { leg, .. }
            | LegEvent::PlayDone { leg, .. }
            | LegEvent::Recorded { leg, .. }
            | LegEvent::TalkRecorded { leg, .. }
            | LegEvent::RtpTimeout { leg }
            | LegEvent::Closed { leg, .. } => *leg,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegEvent {
    Opened {
        leg: LegId,
        sdp: Sdp,
    },
    Refused {
        leg: LegId,
        why: Refusal,
    },
    /// Our answer to `Reoffer`, or `None` if it shares no codec (488; the session stays as it was). `held`: the peer hears
    /// nothing from us now.
    Reanswer {
        leg: LegId,
        sdp: Option<Sdp>,
        held: bool,
    },
    /// The first RTP packet of the peer was accepted.
    Flowing {
        leg: LegId,
    },
    /// One key press, whatever way or ways it was heard.
    Digit {
        leg: LegId,
        digit: Digit,
        method: DigitMethod,
    },
    /// All pieces were sent to the end. Not said after a `Hush`, a digit's barge-in or a newer `Play`.
    PlayDone {
        leg: LegId,
        play: PlayId,
    },
    Recorded {
        leg: LegId,
        name: RecordingName,
        duration: Duration,
        why: RecordingEnd,
    },
    /// The recording of the leg's talks is over; zero: nothing could be recorded.
    TalkRecorded {
        leg: LegId,
        name: RecordingName,
        duration: Duration,
    },
    /// Nothing was received for the configured time while the peer was expected to send.
    RtpTimeout {
        leg: LegId,
    },
    Closed {
        leg: LegId,
        quality: Quality,
    },
}
