//! The end of a call: everything is released at once, and the record waits a moment for the legs' quality.
use super::context::*;
use super::event::{Action, Happened};
use super::machine::{Call, CallerState, millis};
use super::record::Keep;
use crate::cause::{CallResult, Cause, HangupBy};
use crate::ids::LegId;
use crate::media::{LegCommand, Quality};
use crate::{queue, sip};
use std::time::Duration;

impl Call {
    pub(super) fn cause_of_leaving(&self) -> Cause {
        if self.connected {
            Cause::Normal
        } else if self.called_back {
            Cause::Callback
        } else if self.recalled.is_some() {
            Cause::NotReached
        } else if self.seat.is_some() {
            Cause::Abandoned
        } else {
            Cause::CallerLeft
        }
    }

    /// Refuses a call that was not answered yet.
    pub(super) fn refuse(&mut self, status: u16, cause: Cause, cx: &mut Context) {
        let retry_after = (status == 503).then(|| Duration::from_secs(5));
        cx.out.push(Action::Sip(sip::Command::Reject { leg: self.leg, status, retry_after }));
        self.caller = CallerState::Gone;
        self.end(HangupBy::System, cause, cx);
    }

    /// Ends the call, whatever it is doing. Everything is released at once; the record waits for the legs' quality.
    pub(super) fn end(&mut self, by: HangupBy, cause: Cause, cx: &mut Context) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(cx.now.mono + QUALITY_WITHIN);
        // His call is over as he chose, whoever hung up first.
        let cause = if self.called_back && cause == Cause::Normal { Cause::Callback } else { cause };
        if let Some((seat, queue)) = self.recalled.take() {
            let tried = cause != Cause::NoMedia && cause != Cause::Draining;
            let event = queue::Event::CallbackFailed { seat, tried };
            cx.out.push(Action::Queue { queue, event });
        }
        self.pending.clear();
        self.saying = None;
        if self.caller != CallerState::Gone {
            cx.out.push(Action::Sip(sip::Command::Hangup { leg: self.leg, reason: None }));
            self.caller = CallerState::Gone;
        }
        if let Some((name, duration)) = self.unconfirmed.take() {
            self.keep_message(name, duration, cx);
        }
        self.stop_talk_recording(cx);
        self.close(self.leg, true, cx);
        let seat = self.seat.take();
        let talking = self.release_dials(cx);
        if let Some(seat) = seat {
            let waited = cx.now.mono.since(seat.enqueued);
            if !self.connected {
                self.record.wait_ms.get_or_insert(millis(waited));
            }
            if cause == Cause::Abandoned {
                let (call, queue, class) = (self.id, seat.queue.to_string(), seat.class);
                cx.out.push(Action::Happened(Happened::Abandoned { call, queue, class, waited }));
            }
            if !talking {
                // A line that went dead is a hang-up that nobody meant (Q10).
                let cut_off = by == HangupBy::Caller || cause == Cause::RtpTimeout;
                let why = if cut_off { queue::Leave::HungUp } else { queue::Leave::Admin };
                cx.out.push(Action::Queue {
                    queue: seat.queue,
                    event: queue::Event::Left { seat: seat.id, why },
                });
            }
        }
        let result = match cause {
            _ if self.connected => CallResult::Connected,
            Cause::Callback => CallResult::Callback,
            Cause::NotReached => CallResult::NotReached,
            Cause::Abandoned => CallResult::Abandoned,
            Cause::UnknownNumber
            | Cause::NoCodec
            | Cause::OverCapacity
            | Cause::Draining
            | Cause::Refused => CallResult::Rejected,
            Cause::NoMedia | Cause::NoAck | Cause::RtpTimeout | Cause::Internal | Cause::NodeFailure => {
                CallResult::Failed
            }
            _ => CallResult::SelfService,
        };
        self.record.ended_at = Some(cx.now.wall);
        self.record.hangup_by = Some(by);
        self.record.cause = Some(cause);
        self.record.result = Some(result);
        self.note("ended", &[("by", by.as_str()), ("cause", cause.as_str())], cx);
        cx.out.push(Action::Happened(Happened::CallEnded {
            call: self.id,
            line: self.record.line.clone(),
            result,
            cause,
        }));
        if self.closing.is_empty() {
            self.finish(cx);
        }
    }

    /// Closes a leg's media; `caller` says which of the record's qualities it is.
    pub(super) fn close(&mut self, leg: LegId, caller: bool, cx: &mut Context) {
        cx.out.push(Action::Leg(LegCommand::Close { leg }));
        self.closing.insert(leg, caller);
    }

    pub(super) fn closed(&mut self, leg: LegId, quality: Quality, cx: &mut Context) {
        match self.closing.remove(&leg) {
            Some(true) => self.record.caller_quality = Some(quality),
            Some(false) if quality.packets_received > 0 => self.record.operator_quality = Some(quality),
            _ => {}
        }
        if self.ended.is_some() && self.closing.is_empty() {
            self.finish(cx);
        }
    }

    pub(super) fn finish(&mut self, cx: &mut Context) {
        self.record.path = self.path.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        cx.out.push(Action::Keep(Keep::Call(Box::new(self.record.clone()))));
        cx.out.push(Action::Finished);
    }
}
