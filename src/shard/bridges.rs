//! Bridges of a shard: two legs that talk, and a supervisor beside them.
//!
//! ```text
//!   alone ──Bridge──▶ relayed, packet by packet ──Coach──▶ mixed, 20 ms by 20 ms
//!     ▲────Unbridge, Close──────┘    ▲─── the supervisor leaves ───┘
//! ```
//! A talk without a supervisor never comes near the mixer.
use crate::ids::LegId;
use crate::machine::{Instant, Now};
use crate::media::Supervision;
use crate::media::bridge::{Kind, Passed};
use crate::media::codec::{FRAME_MS, FRAME_SAMPLES};
use crate::media::mix::{Mixer, Party};
use crate::media::sink::Sink;
use crate::shard::run::Shard;
use std::time::Duration;

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// Which supervised talk a leg is in, and as whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    talk: usize,
    party: Party,
}

pub struct Supervised {
    mixer: Box<Mixer>,
    /// Slots, in the order of [`Party::ALL`].
    slots: [usize; 3],
    next_frame: Instant,
}

impl Shard {
    pub(super) fn bridge(&mut self, a: LegId, b: LegId, now: Now, sink: &mut Sink) {
        self.unbridge(a, now, sink);
        self.unbridge(b, now, sink);
        let (Some(first), Some(second)) = (self.by_leg.get(&a).copied(), self.by_leg.get(&b).copied()) else {
            tracing::debug!(
                a = a.0,
                b = b.0,
                shard = self.index,
                "no bridge: one of the legs is gone or not here"
            );
            return;
        };
        if first == second {
            return;
        }
        for (index, partner) in [(first, second), (second, first)] {
            if let Some(slot) = &mut self.slots[index] {
                slot.leg.join(sink);
                slot.partner = Some(partner);
            }
        }
        self.hand_over(sink);
    }

    pub(super) fn unbridge(&mut self, leg: LegId, now: Now, sink: &mut Sink) {
        let Some(index) = self.by_leg.get(&leg).copied() else { return };
        self.unmix(index, now, sink);
        let Some(partner) = self.slots[index].as_mut().and_then(|slot| slot.partner.take()) else { return };
        for index in [index, partner] {
            if let Some(slot) = &mut self.slots[index] {
                slot.leg.part(now, sink);
                slot.partner = None;
            }
        }
        self.hand_over(sink);
    }

    /// Lets a supervisor into the talk of these two, or changes how he takes part in it.
    pub(super) fn coach(
        &mut self,
        leg: LegId,
        caller: LegId,
        operator: LegId,
        mode: Supervision,
        now: Now,
        sink: &mut Sink,
    ) {
        let slot = |leg: &LegId| self.by_leg.get(leg).copied();
        let (Some(caller), Some(operator), Some(supervisor)) = (slot(&caller), slot(&operator), slot(&leg))
        else {
            return tracing::debug!(leg = leg.0, "no supervision: one of the legs is gone");
        };
        let slots = [caller, operator, supervisor];
        if let Some(talk) = self.place(supervisor).and_then(|place| self.supervised[place.talk].as_mut())
            && talk.slots == slots
        {
            talk.mixer.mode = mode;
            return;
        }
        self.unmix(supervisor, now, sink);
        let talks = self.slots[caller].as_ref().is_some_and(|slot| slot.partner == Some(operator));
        if !talks || supervisor == caller || supervisor == operator {
            return tracing::debug!(leg = leg.0, "no supervision: the two do not talk");
        }
        self.unmix(caller, now, sink);
        let talk = self.supervised.iter().position(Option::is_none).unwrap_or_else(|| {
            self.supervised.push(None);
            self.supervised.len() - 1
        });
        for (index, party) in slots.into_iter().zip(Party::ALL) {
            if let Some(slot) = &mut self.slots[index] {
                slot.place = Some(Place { talk, party });
            }
        }
        if let Some(slot) = &mut self.slots[supervisor] {
            slot.leg.join(sink);
        }
        let mixer = Box::new(Mixer::new(mode));
        self.supervised[talk] = Some(Supervised { mixer, slots, next_frame: now.mono + FRAME });
        self.hand_over(sink);
    }

    /// The supervised talk that this leg is in is a plain one again, and the supervisor hears nothing.
    fn unmix(&mut self, index: usize, now: Now, sink: &mut Sink) {
        let Some(place) = self.place(index) else { return };
        let Some(talk) = self.supervised[place.talk].take() else { return };
        for (index, party) in talk.slots.into_iter().zip(Party::ALL) {
            let Some(slot) = &mut self.slots[index] else { continue };
            slot.place = None;
            if party == Party::Supervisor {
                slot.leg.part(now, sink);
            }
        }
        self.hand_over(sink);
    }

    fn place(&self, index: usize) -> Option<Place> {
        self.slots.get(index)?.as_ref()?.place
    }

    /// A packet of somebody in a supervised talk.
    pub(super) fn mix_in(&mut self, place: Place, passed: &Passed<'_>) {
        let Some(talk) = &mut self.supervised[place.talk] else { return };
        let other = match place.party {
            Party::Caller => Some(talk.slots[Party::Operator as usize]),
            Party::Operator => Some(talk.slots[Party::Caller as usize]),
            // His keys are nobody's affair.
            Party::Supervisor => None,
        };
        let other = other.and_then(|other| self.slots[other].as_mut());
        match (passed.kind, other) {
            (Kind::Voice(codec), other) => {
                talk.mixer.put(place.party, codec, passed.timestamp, passed.payload);
                if let (Party::Operator, Some(caller)) = (place.party, other) {
                    caller.leg.overhear(passed);
                }
            }
            // The two streams are ours now: a key is pressed anew.
            (Kind::Event, Some(other)) => {
                if let Some(digit) = passed.pressed {
                    other.leg.send_digit(digit);
                }
            }
            (Kind::Event, None) => {}
        }
    }

    /// Every supervised talk whose 20 ms are over.
    pub(super) fn mix(&mut self, now: Now, sink: &mut Sink) {
        for talk in 0..self.supervised.len() {
            let Some(supervised) = &mut self.supervised[talk] else { continue };
            if now.mono < supervised.next_frame {
                continue;
            }
            supervised.next_frame += FRAME;
            if supervised.next_frame <= now.mono {
                supervised.next_frame = now.mono + FRAME;
            }
            supervised.mixer.advance();
            let slots = supervised.slots;
            for (index, party) in slots.into_iter().zip(Party::ALL) {
                let mut frame = [0; FRAME_SAMPLES];
                if let Some(supervised) = &self.supervised[talk] {
                    supervised.mixer.heard_by(party, &mut frame);
                }
                if let Some(slot) = &mut self.slots[index] {
                    slot.leg.say_mixed(&frame, now, sink);
                }
                self.flush(index, sink);
            }
        }
    }
}
