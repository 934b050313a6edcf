//! Events and spent clips on their way from a shard to the control side.
use crate::media::playout::Spent;
use crate::shard::wake::Wake;
use crate::shard::{Notice, Order};
use rtrb::{Producer, PushError};
use std::collections::VecDeque;
use std::sync::Arc;

pub struct Outbox {
    pub ring: Producer<Notice>,
    /// What found the ring full, in order.
    pub waiting: VecDeque<Notice>,
    pub wake: Arc<Wake>,
}

impl Outbox {
    pub fn push(&mut self, notice: Notice) {
        if !self.waiting.is_empty() {
            self.waiting.push_back(notice);
        } else if let Err(PushError::Full(notice)) = self.ring.push(notice) {
            self.waiting.push_back(notice);
        }
    }

    /// A command whose leg is gone: its clips go back, too.
    pub fn spend(&mut self, order: Order) {
        let spent = match order {
            Order::Play { script, .. } => Spent::Script(script),
            Order::Record { beep: clip, .. } | Order::Music { clip: Some(clip), .. } => Spent::Music(clip),
            _ => return,
        };
        self.push(Notice::Spent(spent));
    }

    pub fn flush(&mut self) {
        while let Some(notice) = self.waiting.pop_front() {
            if let Err(PushError::Full(notice)) = self.ring.push(notice) {
                self.waiting.push_front(notice);
                break;
            }
        }
        if self.ring.slots() < self.ring.buffer().capacity() {
            self.wake.wake();
        }
    }
}
