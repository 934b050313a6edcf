//! Recording what a peer says: from the beep to silence, a limit, a digit or a stop.
//!
//! ```text
//!   Beeping ──beep sent──▶ Listening ──silence, max, digit, stop, close──▶ (Recorded)
//! ```
//! Samples leave as [`Chunk`]s for the recorder thread. Time is kept by the RTP timestamps: what was lost is silence of
//! the same length, so a recording is as long as the talk was.
use crate::ids::LegId;
use crate::media::codec::FRAME_SAMPLES;
use crate::media::event::RecordingName;

/// What the recorder thread is told, in order, for each leg.
#[derive(Debug)]
pub enum Chunk {
    Begin {
        leg: LegId,
        name: RecordingName,
    },
    Audio {
        leg: LegId,
        samples: [i16; FRAME_SAMPLES],
        count: u16,
    },
    /// So many samples are missing here: lost on the way, or by a full ring. They become silence.
    Gap {
        leg: LegId,
        samples: u32,
    },
    /// With `discard` nothing worth keeping was said, and the file goes.
    End {
        leg: LegId,
        discard: bool,
    },
}
