//! `hours`: branches by a calendar of config.yaml.
use super::{Outline, StepKind};
use crate::flow::compile::Cx;
use crate::flow::finding::{Span, suggest};
use crate::flow::interpreter::Next;
use crate::flow::model::Goto;
use crate::flow::turn::Turn;
use crate::flow::yaml::Spanned;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoursText {
    calendar: Spanned<String>,
    open: Spanned<String>,
    closed: Spanned<String>,
}

#[derive(Clone, Debug)]
pub struct Hours {
    calendar: String,
    open: Goto,
    closed: Goto,
}

impl StepKind for Hours {
    const REFERENCE: &'static str = r#"`calendar` (of config.yaml), `open`, `closed`.
```yaml
calendars:
  office: {zone: Europe/Moscow, weekly: {mon-fri: "09:00-18:00", sat: "10:00-13:00,14:00-16:00"},
           holidays: ["2027-01-01"], overrides: [{from: "2026-12-31 15:00", until: "2027-01-01 00:00", open: false}]}
```
The last override that covers the moment wins, then holidays, then the week."#;

    type Text = HoursText;

    fn compile(text: HoursText, _: Span, cx: &mut Cx<'_>) -> Hours {
        let env = cx.env;
        if !env.calendars.contains_key(text.calendar.as_str()) {
            let help = suggest(&text.calendar, env.calendars.keys().map(String::as_str));
            let message = format!("no calendar `{}` in config.yaml", text.calendar.value);
            cx.error("HF052", text.calendar.at, message, help);
        }
        Hours { open: cx.target(&text.open), closed: cx.target(&text.closed), calendar: text.calendar.value }
    }

    fn outline<'a>(&'a self, outline: &mut Outline<'a>) {
        outline.edge(self.open, false);
        outline.edge(self.closed, false);
    }

    fn enter(&self, turn: &mut Turn<'_>) -> Next {
        let is_open =
            turn.flows.calendars.get(&self.calendar).is_none_or(|calendar| calendar.is_open(turn.now.wall));
        Next::Go(if is_open { self.open.to } else { self.closed.to })
    }
}
