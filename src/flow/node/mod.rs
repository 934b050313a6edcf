//! Kinds of steps, one file each: how a kind is written, how it is resolved, what the checker must know of it, and
//! how it runs. A new kind is a new file here and one line in [`kinds!`].
use super::compile::Cx;
use super::event::{Facts, QueueExit};
use super::expression::{Expression, Template};
use super::finding::{Span, suggest};
use super::interpreter::{Input, Next, State};
use super::model::{ArgType, FlowIx, Goto};
use super::say::SayItem;
use super::turn::Turn;
use super::vars::{Var, Vars};
use super::yaml::{Node, Scalar, Spanned};
use crate::digit::Digit;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

pub mod ask;
pub mod callback;
pub mod collect;
pub mod consent;
pub mod end;
pub mod hours;
pub mod http;
pub mod language;
pub mod lookup;
pub mod menu;
pub mod notify;
pub mod play;
pub mod queue;
pub mod record;
pub mod run;
pub mod set;
pub mod split;
pub mod survey;
pub mod switch;
pub mod ticket;
pub mod transfer;

/// What every kind of step can do.
pub trait StepKind: Sized {
    /// As written in the file.
    type Text: DeserializeOwned;
    /// What it does and what its fields mean, for those who write flows (Markdown): its part of docs/call-flows.md.
    const REFERENCE: &'static str;
    /// Resolves names; faults go to `cx`.
    fn compile(text: Self::Text, at: Span, cx: &mut Cx<'_>) -> Self;
    /// What the checker must know.
    fn outline<'a>(&'a self, outline: &mut Outline<'a>);
    /// A call enters the step.
    fn enter(&self, turn: &mut Turn<'_>) -> Next;
    /// Something happened while the step was active in `state`. A state of another kind, or an input that has no
    /// meaning now, changes nothing.
    fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
        let _ = (input, turn);
        Next::Wait(state)
    }
}

/// A kind in words.
pub struct Described {
    pub word: &'static str,
    /// Those that its decoder knows.
    pub fields: &'static [&'static str],
    pub reference: &'static str,
}

macro_rules! kinds {
    ($($word:literal $kind:ident $type:ty;)*) => {
        /// A step, resolved.
        #[derive(Clone, Debug)]
        pub enum Kind { $($kind($type),)* }

        const WORDS: &[&str] = &[$($word,)*];

        /// Every kind as the schema and the reference need it.
        pub fn kinds() -> Vec<Described> {
            vec![$(Described {
                word: $word,
                fields: super::schema::fields::<<$type as StepKind>::Text>(),
                reference: <$type as StepKind>::REFERENCE,
            },)*]
        }

        impl Kind {
            fn read(word: &str, node: &mut Node, cx: &mut Cx<'_>) -> Option<Kind> {
                match word {
                    $($word => {
                        let at = node.at;
                        let text = cx.decoded::<<$type as StepKind>::Text>(node)?;
                        Some(Kind::$kind(<$type>::compile(text, at, cx)))
                    })*
                    _ => None,
                }
            }
            pub fn outline(&self) -> Outline<'_> {
                let mut outline = Outline::default();
                match self { $(Kind::$kind(kind) => kind.outline(&mut outline),)* }
                outline
            }
            pub fn enter(&self, turn: &mut Turn<'_>) -> Next {
                match self { $(Kind::$kind(kind) => kind.enter(turn),)* }
            }
            pub fn on(&self, state: State, input: Input, turn: &mut Turn<'_>) -> Next {
                match self { $(Kind::$kind(kind) => kind.on(state, input, turn),)* }
            }
        }
    };
}

kinds! {
    "play" Play play::Play;
    "menu" Menu menu::Menu;
    "collect" Collect collect::Collect;
    "set" Set set::Set;
    "switch" Switch switch::Switch;
    "hours" Hours hours::Hours;
    "http" Http http::Http;
    "lookup" Lookup lookup::Lookup;
    "queue" Queue queue::Queue;
    "callback" Callback callback::Callback;
    "transfer" Transfer transfer::Transfer;
    "record" Record record::Record;
    "consent" Consent consent::Consent;
    "language" Language language::SwitchLanguage;
    "run" Run run::Run;
    "return" Return run::Return;
    "split" Split split::Split;
    "notify" Notify notify::Notify;
    "ticket" Ticket ticket::Ticket;
    "survey" Survey survey::Survey;
    "hangup" Hangup end::Hangup;
}

impl Kind {
    /// Reads the node under a step's name: a mapping with one key, the kind.
    pub fn from_node(mut node: Node, cx: &mut Cx<'_>) -> Option<Kind> {
        let at = node.at;
        let all = format!("write it like `play: {{say: […], next: …}}`; kinds: {}", WORDS.join(", "));
        let Some(entries) = node.entries() else {
            cx.error(
                "HF020",
                at,
                format!("expected a step with its kind as the only key, got {}", node.describe()),
                all,
            );
            return None;
        };
        if let Some((key, value)) = entries.iter().find(|(key, _)| key.as_text() == Some("type")) {
            let kind = value.as_text().unwrap_or("menu").to_string();
            cx.error(
                "HF020",
                key.at,
                "a step has no `type`: its kind is its key",
                format!("write `{kind}: {{…}}` with the fields inside it"),
            );
            return None;
        }
        match entries {
            [] => {
                cx.error("HF020", at, "the step is empty", all);
                None
            }
            [(key, _)] => {
                let (word, at) = (key.as_text().unwrap_or("").to_string(), key.at);
                if !WORDS.contains(&word.as_str()) {
                    cx.error(
                        "HF021",
                        at,
                        format!("`{word}` is no kind of step"),
                        suggest(&word, WORDS.iter().copied()),
                    );
                    return None;
                }
                let super::yaml::Value::Map(entries) = &mut node.value else { return None };
                let (_, content) = entries.first_mut()?;
                Kind::read(&word, content, cx)
            }
            [first, rest @ ..] => {
                let known = |key: &Node| key.as_text().is_some_and(|word| WORDS.contains(&word));
                let odd = rest.iter().find(|(key, _)| known(key)).unwrap_or(&rest[0]);
                let (message, help) = if known(&first.0) && known(&odd.0) {
                    ("a step has one kind, here are two".to_string(), "make two steps of it")
                } else {
                    let key = odd.0.as_text().unwrap_or("");
                    (
                        format!("`{key}` stands beside the step's kind"),
                        "fields go inside the kind: `menu: {say: […], …}`",
                    )
                };
                cx.error("HF020", odd.0.at, message, help);
                None
            }
        }
    }
}

/// Variables that come to be, with a sample of each; `None`: of unknown type.
pub type Sets = Vec<(String, Option<Var>)>;

/// One way out of a step.
#[derive(Clone, Debug)]
pub struct Edge {
    pub goto: Goto,
    /// Whether the caller did something to take it, so that it bounds a loop.
    pub act: bool,
    /// Set on this way.
    pub sets: Sets,
}

/// An expression or template of a step, for the checker.
#[derive(Clone, Debug)]
pub enum Reading<'a> {
    Expression(&'a Expression),
    Template(&'a Template),
    /// A template that is said.
    Spoken(&'a Template),
}

impl Reading<'_> {
    pub fn names(&self) -> &BTreeSet<String> {
        match self {
            Reading::Expression(expression) => expression.reads(),
            Reading::Template(template) | Reading::Spoken(template) => template.reads(),
        }
    }

    pub fn at(&self) -> Span {
        match self {
            Reading::Expression(expression) => expression.at,
            Reading::Template(template) | Reading::Spoken(template) => template.at,
        }
    }
}

/// All that a step reads. `own` are variables that exist only for this reading (a collect's input in its check).
#[derive(Clone, Debug, Default)]
pub struct Reads<'a>(pub Vec<(Reading<'a>, Sets)>);

impl<'a> Reads<'a> {
    pub fn expression(&mut self, expression: &'a Expression) {
        self.0.push((Reading::Expression(expression), Vec::new()));
    }
    pub fn template(&mut self, template: &'a Template) {
        self.0.push((Reading::Template(template), Vec::new()));
    }
    pub fn spoken(&mut self, template: &'a Template) {
        self.0.push((Reading::Spoken(template), Vec::new()));
    }
}

/// What the checker must know of a step.
#[derive(Clone, Debug, Default)]
pub struct Outline<'a> {
    pub edges: Vec<Edge>,
    /// Ways to the same step once more, bounded by its attempts: no edges to whoever follows those.
    pub again: Vec<Goto>,
    pub reads: Reads<'a>,
    /// A person, a message or a hang-up.
    pub is_end: bool,
    /// A person.
    pub is_person: bool,
    /// The sub-flow that is run on the way to the only edge.
    pub runs: Option<FlowIx>,
    /// The types that expressions must have: the arguments of `runs`.
    pub types: Vec<(&'a Expression, ArgType)>,
    pub waits_in: Option<FlowIx>,
    /// What is heard before the first edge can be taken.
    pub says: Vec<&'a [SayItem]>,
    /// It dials out: somewhere to go only where a route exists.
    pub dials: Option<Span>,
    /// Edges that are taken only when a condition holds: the edge's place in `edges`, and the condition.
    pub guards: Vec<(usize, &'a Expression)>,
    /// A queue's exits, to which the first edges belong.
    pub exits: Vec<QueueExit>,
    /// Most keys pressed to leave by an edge of the caller.
    pub keys: u32,
}

impl<'a> Outline<'a> {
    pub fn edge(&mut self, goto: Goto, act: bool) {
        self.edges.push(Edge { goto, act, sets: Vec::new() });
    }
    pub fn edge_setting(&mut self, goto: Goto, act: bool, sets: Sets) {
        self.edges.push(Edge { goto, act, sets });
    }
    pub fn say(&mut self, items: &'a [SayItem]) {
        items.iter().for_each(|item| item.reads(&mut self.reads));
        self.says.push(items);
    }
}

/// `target`, or `{say: […], go: target}`.
pub fn fault_way(node: Node, cx: &mut Cx<'_>) -> Option<FaultWay> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct SayAndGo {
        #[serde(default)]
        say: Vec<Node>,
        go: Spanned<String>,
    }
    let mut node = node;
    if let Some(name) = node.as_text() {
        let name = Spanned::new(name.to_string(), node.at);
        return Some(FaultWay { say: Vec::new(), go: cx.target(&name) });
    }
    let text: SayAndGo = cx.decoded(&mut node)?;
    Some(FaultWay { say: cx.say(text.say), go: cx.target(&text.go) })
}

/// What is said about a fault of the caller, and where he goes.
#[derive(Clone, Debug)]
pub struct FaultWay {
    pub say: Vec<SayItem>,
    pub go: Goto,
}

/// The key of a `menu`, quoted; `star` and `hash` by name.
pub fn key(name: &Spanned<Scalar>, cx: &mut Cx<'_>) -> Option<Digit> {
    let text = name.text.as_str();
    match Digit::from_name(text) {
        Some(digit) if digit.as_char().is_ascii_digit() && !name.quoted => {
            cx.error("HF014", name.at, format!("the key {text} is not quoted"), format!("write \"{text}\""));
            None
        }
        Some(digit) if digit.event() < 12 => Some(digit),
        _ => {
            let message = format!("expected a key of the telephone, got `{text}`");
            cx.error("HF014", name.at, message, "keys are \"0\" to \"9\", star and hash");
            None
        }
    }
}

/// Samples on which expressions are tried before any caller comes.
pub fn sample_facts() -> Facts {
    Facts {
        call: crate::ids::CallId(1),
        caller: "79160000000".into(),
        verified: true,
        class: crate::class::Class::Standard,
        name: Some("A. B.".into()),
        called: "78000000000".into(),
    }
}

/// A flow's variables, or an empty set for a flow that has none.
pub fn no_vars() -> &'static Vars {
    static NONE: Vars = Vars::new();
    &NONE
}
