//! One event's worth of walking: what a step may use while it handles an input, and how a call moves between steps.
use super::environment::prompt;
use super::event::Effect;
use super::expression::{Expression, Failure, Scope, Template};
use super::interpreter::{Body, Input, Next, State};
use super::model::FlowSet;
use super::node::Kind;
use super::say::SayItem;
use super::standing::Told;
use super::vars::Var;
use crate::cause::Cause;
use crate::ids::{PromptName, RequestId};
use crate::machine::Now;
use crate::say::Item;
use std::time::Duration;

/// A text whose end is never reported was heard by then.
pub const SAY_MAX: Duration = Duration::from_secs(180);

pub struct Turn<'a> {
    pub flows: &'a FlowSet,
    pub call: &'a mut Body,
    pub now: Now,
    pub out: &'a mut Vec<Effect>,
}

impl<'a> Turn<'a> {
    pub fn kind(&self) -> Option<&'a Kind> {
        let frame = self.call.frames.last()?;
        Some(&self.flows.flow(frame.flow).step(frame.step).kind)
    }

    /// Enters the step on which the last frame stands.
    pub fn enter(&mut self) -> Next {
        let flows = self.flows;
        let Some(frame) = self.call.frames.last_mut() else { return Next::Wait(State::Ended) };
        let flow = flows.flow(frame.flow);
        let step = flow.step(frame.step);
        if matches!(step.kind, Kind::Menu(_)) {
            frame.menu = Some(frame.step);
        }
        self.call.here = (flow.name.clone(), step.name.clone());
        self.out.push(Effect::Entered { flow: flow.name.clone(), step: step.name.clone() });
        step.kind.enter(self)
    }

    /// Back to waiting: the menu of the wait listens on, or only music plays.
    pub fn stay(&mut self) -> Next {
        if self.call.seat.is_none() {
            return self.goodbye();
        }
        let flows = self.flows;
        let Some(frame) = self.call.frames.last_mut() else { return Next::Wait(State::Waiting) };
        let Some(menu) = frame.menu else { return Next::Wait(State::Waiting) };
        frame.step = menu;
        let flow = flows.flow(frame.flow);
        let step = flow.step(menu);
        self.call.here = (flow.name.clone(), step.name.clone());
        match &step.kind {
            Kind::Menu(menu) => Next::Wait(State::Menu(menu.resting(self))),
            _ => Next::Wait(State::Waiting),
        }
    }

    /// From a sub-flow back to the step that ran it.
    pub fn come_back(&mut self) -> Next {
        if self.call.frames.len() < 2 {
            return self.hang_up(Cause::Normal);
        }
        self.call.frames.pop();
        let flows = self.flows;
        let Some(frame) = self.call.frames.last() else { return Next::Wait(State::Ended) };
        let flow = flows.flow(frame.flow);
        let step = flow.step(frame.step);
        self.call.here = (flow.name.clone(), step.name.clone());
        step.kind.on(State::Waiting, Input::Returned, self)
    }

    pub fn eval(&self, expression: &Expression) -> Result<Var, Failure> {
        self.with_scope(|scope| expression.eval(scope))
    }

    pub fn render(&self, template: &Template) -> Result<String, Failure> {
        self.with_scope(|scope| template.render(scope))
    }

    fn with_scope<T>(&self, use_it: impl FnOnce(&Scope<'_>) -> T) -> T {
        let (vars, settings) = match self.call.frames.last() {
            Some(frame) => (&frame.vars, &self.flows.flow(frame.flow).settings),
            None => (super::node::no_vars(), super::node::no_vars()),
        };
        use_it(&Scope {
            vars,
            settings,
            facts: &self.call.facts,
            language: self.call.language,
            now: self.flows.zone.civil(self.now.wall),
            position: self.call.standing.map_or(0, |standing| i64::from(standing.position)),
            expected_wait_s: self
                .call
                .standing
                .and_then(|standing| standing.expected_wait)
                .map_or(0, |wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX)),
            callback: self.call.callback,
        })
    }

    /// Sets a variable of the running flow and gives back its former value.
    pub fn set(&mut self, name: &str, value: Var) -> Option<Var> {
        self.call.frames.last_mut().and_then(|frame| frame.vars.insert(name.to_string(), value))
    }

    pub fn unset(&mut self, name: &str) -> Option<Var> {
        self.call.frames.last_mut().and_then(|frame| frame.vars.remove(name))
    }

    /// The items of a list, worked out for this moment. What is news of the standing now is none afterwards.
    pub fn items(&mut self, say: &[SayItem]) -> Vec<Item> {
        let mut items = Vec::new();
        for item in say {
            match item {
                SayItem::Standing(part) => {
                    let standing = self.call.standing.unwrap_or_default();
                    let (news, told) = standing.news(*part, self.call.told);
                    self.call.told = told;
                    items.extend(news);
                }
                SayItem::If { condition, say } => {
                    if matches!(self.eval(condition), Ok(var) if var.is_true()) {
                        items.extend(self.items(say));
                    }
                }
                item => self.with_scope(|scope| item.work_out(scope, &self.flows.zone, &mut items)),
            }
        }
        items
    }

    /// The seat is a new one, or another queue's: nothing was told of it.
    pub fn forget_standing(&mut self) {
        self.call.standing = None;
        self.call.told = Told::default();
    }

    /// Says a list. False when nothing of it is to be said now.
    pub fn say(&mut self, say: &[SayItem], barge_in: bool) -> bool {
        let items = self.items(say);
        self.say_items(items, barge_in)
    }

    pub fn say_items(&mut self, items: Vec<Item>, barge_in: bool) -> bool {
        if items.is_empty() {
            return false;
        }
        let play = self.call.last_play.take();
        self.call.saying = Some((play, self.now.mono + SAY_MAX));
        self.out.push(Effect::Say { play, language: self.call.language, items, barge_in });
        true
    }

    /// Falls silent, if something is being said.
    pub fn hush(&mut self) {
        if self.call.saying.take().is_some() {
            self.out.push(Effect::Hush);
        }
    }

    pub fn request(&mut self) -> RequestId {
        self.call.last_request.take()
    }

    /// Whether the active step was heard in this call before; from now on it was.
    pub fn heard_before(&mut self) -> bool {
        let Some(frame) = self.call.frames.last() else { return false };
        !self.call.heard.insert((frame.flow, frame.step))
    }

    /// Gives up the seat, if one is held: what follows cannot be interrupted by an operator.
    pub fn leave_queue(&mut self) {
        if self.call.seat.take().is_some() {
            self.out.push(Effect::LeaveQueue);
        }
    }

    pub fn hang_up(&mut self, cause: Cause) -> Next {
        self.leave_queue();
        self.out.push(Effect::Hangup { cause });
        Next::Wait(State::Ended)
    }

    /// The polite end of a wait that has no exit set.
    pub fn goodbye(&mut self) -> Next {
        self.last_words(prompt::QUEUE_GOODBYE, Cause::QueueExit)
    }

    pub fn last_words(&mut self, name: &str, cause: Cause) -> Next {
        self.leave_queue();
        self.call.keys.clear();
        self.say_items(vec![Item::Prompt(PromptName::from(name))], false);
        Next::Wait(State::Goodbye { cause })
    }
}
