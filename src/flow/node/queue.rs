//! `queue`: takes a seat and waits for an operator. Music plays while the flow says nothing; a `while_waiting`
//! sub-flow may speak and listen meanwhile. The seat is given up by its exits, or when that sub-flow leaves.
use super::{Outline, StepKind};
use crate::class::Class;
use crate::flow::compile::Cx;
use crate::flow::event::{Effect, QueueExit};
use crate::flow::expression::Expression;
use crate::flow::finding::{Span, suggest};
use crate::flow::interpreter::{Input, Next, Seat, State};
use crate::flow::model::{FlowIx, Goto};
use crate::flow::turn::Turn;
use crate::flow::yaml::{Scalar, Spanned};
use crate::ids::{PromptName, QueueName, Skill};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueText {
    name: Spanned<String>,
    #[serde(default)]
    class: Option<Spanned<Scalar>>,
    #[serde(default)]
    skills: Vec<Spanned<String>>,
    #[serde(default)]
    while_waiting: Option<Spanned<String>>,
    #[serde(default)]
    whisper: Option<Spanned<String>>,
    #[serde(default)]
    exits: BTreeMap<QueueExit, Spanned<String>>,
    #[serde(default)]
    answered: Option<Spanned<String>>,
}

#[derive(Clone, Debug)]
pub struct Queue {
    name: QueueName,
    class: Option<Expression>,
    skills: BTreeSet<Skill>,
    while_waiting: Option<FlowIx>,
    whisper: Option<PromptName>,
    exits: BTreeMap<QueueExit, Goto>,
    answered: Option<Goto>,
}

impl StepKind for Queue {
    const REFERENCE: &'static str = r#"| field | default | |
|---|---|---|
| `name` | | a queue of config.yaml |
| `class` | `caller.class` | an expression |
| `skills` | | all of them are asked for |
| `while_waiting` | | a sub-flow that speaks and listens while the seat is held; music between its texts |
| `whisper` | | a prompt for the operator before the caller |
| `exits` | | `max_wait`, `full`, `nobody_signed_in`, `all_paused`, `ewt_over`, `closed`: target |
| `answered` | hangs up | after the talk, when the operator left first |

An exit that is not set says `queue_goodbye` and hangs up with the cause `queue-exit`.

In a `while_waiting` flow a menu's `invalid`, `timeout` and `exhausted` may be missing. It is said again after `every`, its keys
act all the time, also while something is said and where `announce_every` is 0s; and `exhausted: stay` (the default) means for as long as the wait takes; another target is taken after
`repeat` hearings. Steps that cannot be interrupted by an operator (`record`, `transfer`, `queue`, `hangup`) give up the seat.
```yaml
flow: waiting
steps:
  hold:
    menu:
      say: [please_wait, {standing: both}]
      keys: {"1": leave}
      exhausted: stay
  leave:
    run: {flow: voicemail, next: end}
  end:
    hangup: {}
```

A `queue` step that is entered with a seat moves it: the caller keeps his age and class, also in a queue of another pool. So does
one that an exit led to.

Nothing begins to be said while a phone has rung for less than 3 s, or is about to; a Priority caller hears nothing before his first
offer. `{standing: …}` says the place when it has improved and the wait when its range is lower than last time («две–три минуты»);
a wait that has grown by more than two minutes once; and nothing when somebody will answer within half a minute."#;

    type Text = QueueText;

    fn compile(text: QueueText, _: Span, cx: &mut Cx<'_>) -> Queue {
        let env = cx.env;
        let name = QueueName::from(text.name.as_str());
        if !env.queues.contains(&name) {
            let help = suggest(&text.name, env.queues.iter().map(QueueName::as_str));
            cx.error("HF050", text.name.at, format!("no queue `{name}` in config.yaml"), help);
        }
        let mut skills = BTreeSet::new();
        for skill in &text.skills {
            if !env.skills.contains(skill.as_str()) {
                let help = suggest(skill, env.skills.iter().map(Skill::as_str));
                cx.error("HF051", skill.at, format!("no operator has the skill `{}`", skill.value), help);
            }
            skills.insert(Skill::from(skill.as_str()));
        }
        let while_waiting = text.while_waiting.and_then(|name| {
            let header = cx.flow(&name)?;
            if !header.args.is_empty() {
                let message = format!("`{}` has arguments; a queue has none to give", name.value);
                cx.error("HF054", name.at, message, "use a flow without `args`");
            }
            Some(header.ix)
        });
        Queue {
            name,
            class: text.class.map(|class| cx.expression(&class)),
            skills,
            while_waiting,
            whisper: text.whisper.map(|whisper| cx.prompt(&whisper)),
            exits: text.exits.iter().map(|(exit, target)| (*exit, cx.target(target))).collect(),
            answered: text.answered.map(|answered| cx.target(&answered)),
        }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.class_reads(&self.class);
        self.exits.values().for_each(|goto| outline.edge(*goto, false));
        outline.exits = self.exits.keys().copied().collect();
        if let Some(answered) = self.answered {
            outline.edge(answered, true);
        }
        outline.is_end = true;
        outline.is_person = true;
        outline.waits_in = self.while_waiting;
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        // A seat that is held moves here, with its age.
        turn.forget_standing();
        turn.hush();
        // Keys pressed from here on belong to the while_waiting menu only.
        turn.call.keys.clear();
        let wished = self.class.as_ref().and_then(|class| turn.eval(class).ok());
        let class = wished.and_then(|class| Class::parse(&class.text())).unwrap_or(turn.call.facts.class);
        turn.out.push(Effect::Enqueue {
            queue: self.name.clone(),
            class,
            skills: self.skills.clone(),
            exits: self.exits.keys().copied().collect(),
            whisper: self.whisper.clone(),
        });
        self.wait(turn)
    }

    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        match input {
            Input::Exited(exit) => match self.exits.get(&exit) {
                Some(goto) => Next::Go(goto.to),
                None => turn.goodbye(),
            },
            Input::TalkEnded => match self.answered {
                Some(goto) => Next::Go(goto.to),
                None => turn.hang_up(crate::cause::Cause::Normal),
            },
            // The sub-flow came to its end: music until the wait is over. Without a seat there is nothing to wait for.
            Input::Returned if turn.call.seat.is_some() => Next::Wait(State::Waiting),
            Input::Returned => turn.goodbye(),
            _ => Next::Wait(state),
        }
    }
}

impl Queue {
    /// The seat is held, here and now.
    pub fn wait(&self, turn: &mut Turn<'_>) -> Next {
        turn.call.seat = Some(Seat { depth: turn.call.frames.len() });
        turn.call.queue_step = turn.call.frames.last().map(|frame| (frame.flow, frame.step));
        match self.while_waiting {
            Some(flow) => Next::Run { flow, vars: BTreeMap::new() },
            None => Next::Wait(State::Waiting),
        }
    }

    pub fn whisper(&self) -> Option<&PromptName> {
        self.whisper.as_ref()
    }
}

impl<'a> Outline<'a> {
    fn class_reads(&mut self, class: &'a Option<Expression>) {
        class.iter().for_each(|class| self.reads.expression(class));
    }
}
