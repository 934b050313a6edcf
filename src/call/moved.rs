//! A supervisor's hand on a caller who waits: into another queue, or into another class. The seat keeps its age.
use super::context::Context;
use super::effects::Wish;
use super::event::Action;
use super::machine::Call;
use crate::class::Class;
use crate::ids::QueueName;
use crate::queue;
use std::collections::BTreeSet;

impl Call {
    /// He waits, and no operator has answered.
    pub fn may_be_moved(&self) -> bool {
        self.waits_in().is_some() && self.talking().is_none() && !self.called_back
    }

    /// As if his flow had led there. The step that he waits in keeps its exits.
    pub(super) fn move_to(&mut self, queue: QueueName, cx: &mut Context) {
        let Some(seat) = &self.seat else { return };
        let (class, skills, whisper) = (seat.class, seat.skills.clone(), seat.whisper.clone());
        self.note("moved", &[("from", seat.queue.as_str()), ("queue", queue.as_str())], cx);
        self.release_dials(cx);
        self.enqueue(Wish { queue, class, skills, exits: BTreeSet::new(), whisper }, cx);
    }

    pub(super) fn raise(&mut self, class: Class, cx: &mut Context) {
        let Some(seat) = &mut self.seat else { return };
        seat.class = cx.rules.seat_class(&seat.queue, class);
        let (seat, queue, class) = (seat.id, seat.queue.clone(), seat.class);
        self.record.class = class;
        self.note("raised", &[("class", class.as_str())], cx);
        cx.out.push(Action::Queue { queue, event: queue::Event::ClassChanged { seat, class } });
    }
}
