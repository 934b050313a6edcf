//! The items of a `say:` list: as written, as resolved, and worked out for one call.
use super::compile::Cx;
use super::environment::prompt;
use super::expression::{Expression, Scope, Template};
use super::finding::suggest;
use super::node::Reads;
use super::standing::Part;
use super::yaml::{self, Node, Scalar, Spanned, Value};
use crate::clock::{self, Zone};
use crate::ids::PromptName;
use crate::machine::Wall;
use crate::say::{Case, Gender, Item, Noun};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Items in one list; a longer announcement is nobody's wish.
const ITEMS_MAX: usize = 50;

/// One item of a `say:` list, resolved.
#[derive(Clone, Debug)]
pub enum SayItem {
    Prompt(PromptName),
    Text(Template),
    Number {
        value: Expression,
        gender: Gender,
        case: Case,
    },
    Ordinal {
        value: Expression,
        gender: Gender,
    },
    Count {
        value: Expression,
        noun: Noun,
    },
    Digits(Expression),
    Money(Expression),
    Date(Expression),
    Time(Expression),
    /// In seconds.
    Duration(Expression),
    Range {
        from: Expression,
        to: Expression,
        noun: Noun,
    },
    /// What is news of the caller's place and wait.
    Standing(Part),
    If {
        condition: Expression,
        say: Vec<SayItem>,
    },
}

const KINDS: &[&str] = &[
    "text", "number", "ordinal", "count", "digits", "money", "date", "time", "duration", "range", "standing",
    "if",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextItem {
    text: Spanned<String>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberItem {
    number: Spanned<Scalar>,
    #[serde(default)]
    gender: Gender,
    #[serde(default)]
    case: Case,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdinalItem {
    ordinal: Spanned<Scalar>,
    #[serde(default)]
    gender: Gender,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountItem {
    count: Spanned<Scalar>,
    noun: Noun,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeItem {
    range: Spanned<Vec<Spanned<Scalar>>>,
    unit: Noun,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandingItem {
    standing: Part,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IfItem {
    #[serde(rename = "if")]
    condition: Spanned<Scalar>,
    say: Vec<Node>,
}

impl Cx<'_> {
    pub fn say(&mut self, nodes: Vec<Node>) -> Vec<SayItem> {
        if nodes.len() > ITEMS_MAX {
            let message = format!("{} items in one list; expected at most {ITEMS_MAX}", nodes.len());
            self.error("HF015", nodes[ITEMS_MAX].at, message, "join texts that always follow each other");
        }
        nodes.into_iter().filter_map(|node| self.item(node)).collect()
    }

    fn item(&mut self, mut node: Node) -> Option<SayItem> {
        let at = node.at;
        let kind = match &node.value {
            Value::Scalar { text, .. } => {
                let name = Spanned::new(text.clone(), at);
                return Some(SayItem::Prompt(self.prompt(&name)));
            }
            Value::Map(entries) => KINDS
                .iter()
                .find(|kind| entries.iter().any(|(key, _)| key.as_text() == Some(kind)))
                .map(|kind| (*kind, String::new()))
                .unwrap_or_else(|| {
                    let first = entries.first().and_then(|(key, _)| key.as_text()).unwrap_or("");
                    ("", first.to_string())
                }),
            _ => {
                let message = format!("expected an item to say, got {}", node.describe());
                self.error(
                    "HF006",
                    at,
                    message,
                    "write the name of a prompt, or {money: vars.amount} and the like",
                );
                return None;
            }
        };
        match kind {
            ("text", _) => {
                self.decoded(&mut node).map(|item: TextItem| SayItem::Text(self.template(&item.text)))
            }
            ("number", _) => self.decoded(&mut node).map(|item: NumberItem| SayItem::Number {
                value: self.read(&item.number),
                gender: item.gender,
                case: item.case,
            }),
            ("ordinal", _) => self.decoded(&mut node).map(|item: OrdinalItem| SayItem::Ordinal {
                value: self.read(&item.ordinal),
                gender: item.gender,
            }),
            ("count", _) => self
                .decoded(&mut node)
                .map(|item: CountItem| SayItem::Count { value: self.read(&item.count), noun: item.noun }),
            ("range", _) => self.decoded(&mut node).and_then(|item: RangeItem| match item.range.as_slice() {
                [from, to] => {
                    Some(SayItem::Range { from: self.read(from), to: self.read(to), noun: item.unit })
                }
                _ => {
                    self.error(
                        "HF015",
                        item.range.at,
                        "a range has two ends",
                        "write {range: [vars.from, vars.to], unit: minute}",
                    );
                    None
                }
            }),
            ("standing", _) => {
                let item: StandingItem = self.decoded(&mut node)?;
                if !self.header.waits {
                    let help = "take it out, or use the flow as `while_waiting`";
                    self.error(
                        "HF028",
                        at,
                        "`standing` has no meaning here: nobody waits in this flow",
                        help,
                    );
                }
                for name in prompt::STANDING {
                    self.prompt(&Spanned::new(name.to_string(), at));
                }
                Some(SayItem::Standing(item.standing))
            }
            ("if", _) => self.decoded(&mut node).map(|item: IfItem| SayItem::If {
                condition: self.read(&item.condition),
                say: self.say(item.say),
            }),
            ("", first) => {
                let message = format!("`{first}` is no kind of item to say");
                self.error("HF021", at, message, suggest(&first, KINDS.iter().copied()));
                None
            }
            (kind, _) => {
                // One value and nothing else.
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct One {
                    #[serde(
                        alias = "digits",
                        alias = "money",
                        alias = "date",
                        alias = "time",
                        alias = "duration"
                    )]
                    value: Spanned<Scalar>,
                }
                let item: One = self.decoded(&mut node)?;
                let value = self.read(&item.value);
                Some(match kind {
                    "digits" => SayItem::Digits(value),
                    "money" => SayItem::Money(value),
                    "date" => SayItem::Date(value),
                    "time" => SayItem::Time(value),
                    _ => SayItem::Duration(value),
                })
            }
        }
    }

    fn read(&mut self, text: &Spanned<Scalar>) -> Expression {
        self.expression(text)
    }

    pub fn decoded<T: DeserializeOwned>(&mut self, node: &mut Node) -> Option<T> {
        match yaml::decode_node(self.file, self.text, node) {
            Ok(value) => Some(value),
            Err(findings) => {
                self.findings.extend(findings);
                None
            }
        }
    }
}

impl SayItem {
    pub fn reads<'a>(&'a self, reads: &mut Reads<'a>) {
        match self {
            SayItem::Prompt(_) | SayItem::Standing(_) => {}
            SayItem::Text(template) => reads.spoken(template),
            SayItem::Number { value, .. }
            | SayItem::Ordinal { value, .. }
            | SayItem::Count { value, .. }
            | SayItem::Digits(value)
            | SayItem::Money(value)
            | SayItem::Date(value)
            | SayItem::Time(value)
            | SayItem::Duration(value) => reads.expression(value),
            SayItem::Range { from, to, .. } => {
                reads.expression(from);
                reads.expression(to);
            }
            SayItem::If { condition, say } => {
                reads.expression(condition);
                say.iter().for_each(|item| item.reads(reads));
            }
        }
    }

    /// Adds what is to be said now; conditions and standings are the business of whoever says the list. An item whose value cannot be worked out is left out: the rest is still said.
    pub fn work_out(&self, scope: &Scope<'_>, zone: &Zone, items: &mut Vec<Item>) {
        let int = |value: &Expression| value.eval(scope).ok().and_then(|var| var.int());
        let item = match self {
            SayItem::Prompt(prompt) => Some(Item::Prompt(prompt.clone())),
            SayItem::Text(template) => {
                template.render(scope).ok().filter(|text| !text.trim().is_empty()).map(Item::Text)
            }
            SayItem::Number { value, gender, case } => {
                int(value).map(|value| Item::Number { value, gender: *gender, case: *case })
            }
            SayItem::Ordinal { value, gender } => {
                int(value).map(|value| Item::Ordinal { value, gender: *gender })
            }
            SayItem::Count { value, noun } => int(value).map(|value| Item::Count { value, noun: *noun }),
            SayItem::Digits(value) => {
                value.eval(scope).ok().map(|var| var.text()).filter(|text| !text.is_empty()).map(Item::Digits)
            }
            SayItem::Money(value) => {
                value.eval(scope).ok().and_then(|var| var.kopecks()).map(|kopecks| Item::Money { kopecks })
            }
            SayItem::Date(value) => moment(value, scope, zone).map(|at| Item::date(zone, at)),
            SayItem::Time(value) => moment(value, scope, zone).map(|at| Item::time(zone, at)),
            SayItem::Duration(value) => {
                int(value).and_then(|s| u64::try_from(s).ok()).map(|s| Item::Duration(Duration::from_secs(s)))
            }
            SayItem::Range { from, to, noun } => {
                int(from).zip(int(to)).map(|(from, to)| Item::Range { from, to, noun: *noun })
            }
            // Whoever says the list knows what was told before.
            SayItem::Standing(_) | SayItem::If { .. } => None,
        };
        items.extend(item);
    }
}

/// A moment as a service or a row has it, or `now.time`.
fn moment(value: &Expression, scope: &Scope<'_>, zone: &Zone) -> Option<Wall> {
    let text = value.eval(scope).ok()?.text();
    clock::parse(&text, zone).or_else(|| {
        let now = scope.now;
        clock::parse(&format!("{:04}-{:02}-{:02} {text}", now.year, now.month, now.day), zone)
    })
}
