//! The caller's card: who is on the line, how he came here, what he typed, what was before; and what the operator notes.
use super::super::api::{audit, call_id, no_such_call, now};
use super::super::body::Body;
use super::super::desk::Role::{self, Admin, Operator, Supervisor};
use super::super::desk::Story;
use super::super::guard::{Access, Caller};
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::super::{App, StepText};
use super::query;
use super::tickets::TicketSummary;
use crate::clock::Clock;
use crate::ids::CallId;
use crate::number::Number;
use crate::office::{CallQuery, Note};
use crate::say::Language;
use crate::switchboard::view::CallView;
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

const OPERATORS: Access = Access::Roles(&[Operator, Supervisor, Admin]);
/// Earlier calls and tickets on a card; the rest is in the lists.
const EARLIER_MAX: usize = 10;
pub const NOTE_CHARS_MAX: usize = 2000;

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/calls/{id}/card", OPERATORS, card),
        route.put("/api/v1/calls/{id}/note", OPERATORS, put_note),
        route.get("/api/v1/dispositions", OPERATORS, dispositions),
    ]
}

#[derive(Serialize, ToSchema)]
pub struct Card {
    call: String,
    /// Empty when withheld.
    number: String,
    class: String,
    name: Option<String>,
    email: Option<String>,
    line: String,
    queue: Option<String>,
    waited_ms: Option<u64>,
    path: Vec<PathStep>,
    /// What the caller typed, by the variable's name; never anything secret.
    answers: BTreeMap<String, String>,
    earlier: Vec<Earlier>,
    tickets: Vec<TicketSummary>,
    disposition: Option<String>,
    note: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct PathStep {
    step: String,
    label: String,
    /// What the caller hears there, by language; empty where nothing is said.
    #[schema(value_type = BTreeMap<String, String>)]
    says: BTreeMap<Language, String>,
}

#[derive(Serialize, ToSchema)]
pub struct Earlier {
    id: String,
    started_at: String,
    result: Option<String>,
    operator: Option<String>,
    note: Option<String>,
    disposition: Option<String>,
}

pub async fn card(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Card>, Problem> {
    let id = call_id(&id)?;
    let (live, story) = his_call(&app, &caller, id).await?;
    let record = story.as_ref().map(|story| &story.record);
    let number = record.map(|record| record.caller.clone()).unwrap_or_default();
    let parsed = Number::parse(&number);
    let subscriber = match &parsed {
        Some(number) => app.desk.subscriber(number).await?,
        None => None,
    };
    let (earlier, tickets) = match &parsed {
        Some(number) => before(&app, id, number).await?,
        None => (Vec::new(), Vec::new()),
    };
    let note = app.desk.note(id).await?;
    let events = story.as_ref().map(|story| &story.events[..]).unwrap_or_default();
    let detail = |event: &crate::call::CallEvent, key: &str| event.detail.get(key).cloned();
    let mut flows = BTreeMap::new();
    let path = events.iter().filter(|event| event.kind == "step").filter_map(|event| {
        let (flow, step) = (detail(event, "flow")?, detail(event, "step")?);
        let known = flows.entry(flow.clone()).or_insert_with(|| steps_of(&app, &flow));
        let known = known.iter().find(|known| known.name == step);
        let says = known.map(|step| step.says.clone()).unwrap_or_default();
        Some(PathStep { step: format!("{flow}/{step}"), label: step.replace('_', " "), says })
    });
    let typed = events.iter().filter(|event| event.kind == "typed");
    let waited_ms = match &live {
        Some(live) if live.stage == "waiting" || live.stage == "ringing" => Some(live.since_ms),
        _ => record.and_then(|record| record.wait_ms).or_else(|| connected_after(events)),
    };
    let class = live.as_ref().map(|live| live.class).or(record.map(|record| record.class));
    Ok(Json(Card {
        call: id.to_string(),
        number,
        class: class.map(|class| class.to_string()).unwrap_or_default(),
        name: subscriber.as_ref().and_then(|subscriber| subscriber.name.clone()),
        email: subscriber.and_then(|subscriber| subscriber.email),
        line: live
            .as_ref()
            .map(|live| live.line.clone())
            .or(record.map(|record| record.line.clone()))
            .unwrap_or_default(),
        queue: live
            .as_ref()
            .and_then(|live| live.queue.clone())
            .or_else(|| record.and_then(|record| record.queue.as_ref().map(ToString::to_string))),
        waited_ms,
        path: path.collect(),
        answers: typed.filter_map(|event| Some((detail(event, "name")?, detail(event, "digits")?))).collect(),
        earlier,
        tickets,
        disposition: note.as_ref().and_then(|note| note.disposition.clone()),
        note: note.map(|note| note.text),
    }))
}

fn steps_of(app: &App, flow: &str) -> Vec<StepText> {
    app.flows.as_ref().and_then(|flows| flows.flow(flow)).map(|flow| flow.steps).unwrap_or_default()
}

/// While he talks, the record has no wait yet; its story has.
fn connected_after(events: &[crate::call::CallEvent]) -> Option<u64> {
    let connected = events.iter().rev().find(|event| event.kind == "connected")?;
    connected.detail.get("wait_ms")?.parse().ok()
}

async fn before(
    app: &App,
    id: CallId,
    number: &Number,
) -> Result<(Vec<Earlier>, Vec<TicketSummary>), Problem> {
    let zone = app.desk.zone();
    let query =
        CallQuery { caller: Some(number.to_string()), limit: EARLIER_MAX + 1, ..CallQuery::default() };
    let calls = app.desk.call_history(query).await?.rows;
    let earlier = calls.into_iter().filter(|call| call.record.id != id && call.record.id < id);
    let earlier = earlier.take(EARLIER_MAX).map(|call| Earlier {
        id: call.record.id.to_string(),
        started_at: zone.rfc3339(call.record.started_at),
        result: call.record.result.map(|result| result.as_str().to_string()),
        operator: call.record.operator.map(|operator| operator.to_string()),
        note: call.note.as_ref().map(|note| note.text.clone()),
        disposition: call.note.and_then(|note| note.disposition),
    });
    let tickets = app.desk.ticket_page(None, Some(number.to_string()), None, EARLIER_MAX).await?.rows;
    Ok((earlier.collect(), tickets.iter().map(|ticket| TicketSummary::of(ticket, zone)).collect()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteText {
    /// A word of `GET /dispositions`.
    #[serde(default)]
    disposition: Option<String>,
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

#[derive(Serialize, ToSchema)]
pub struct NoteView {
    disposition: Option<String>,
    note: String,
    who: String,
    at: String,
}

pub async fn put_note(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<NoteText>,
) -> Result<Json<NoteView>, Problem> {
    let id = call_id(&id)?;
    his_call(&app, &caller, id).await?;
    let known = app.desk.dispositions();
    if let Some(word) = body.disposition.as_ref().filter(|word| !known.contains(word)) {
        let shown: String = word.chars().take(40).collect();
        let known = known.join(", ");
        return Err(Problem::unusable(format!("`disposition`: expected one of: {known}; got `{shown}`")));
    }
    let text = match body.note.trim() {
        "" => String::new(),
        text => query::written("note", text, NOTE_CHARS_MAX)?,
    };
    let at = Clock::wall();
    let note = Note { disposition: body.disposition, text, who: caller.name.clone(), at };
    app.desk.put_note(id, note.clone()).await?;
    let disposition = note.disposition.clone().unwrap_or_default();
    audit(&app, &caller, "call.note", &[("call", &id.to_string()), ("disposition", &disposition)]).await;
    let Note { disposition, text, who, at } = note;
    Ok(Json(NoteView { disposition, note: text, who, at: app.desk.zone().rfc3339(at) }))
}

pub async fn dispositions(State(app): State<App>) -> Json<Vec<String>> {
    Json(app.desk.dispositions())
}

/// The call, for those who lead and for the operator who has it or had it.
async fn his_call(
    app: &App,
    caller: &Caller,
    id: CallId,
) -> Result<(Option<CallView>, Option<Story>), Problem> {
    let view = now(app);
    let live = view.calls.iter().find(|call| call.id == id).cloned();
    let story = app.desk.story(id).await?;
    if live.is_none() && story.is_none() {
        return Err(no_such_call());
    }
    let is_he = |operator: &str| operator == caller.name;
    // His phone rings for it already: he reads while he reaches for the headset.
    let rings = view.operators.iter().any(|known| is_he(known.id.as_str()) && known.call == Some(id));
    let his = caller.role != Role::Operator
        || rings
        || live.as_ref().and_then(|live| live.operator.as_ref()).is_some_and(|id| is_he(id.as_str()))
        || story.as_ref().is_some_and(|story| {
            let record = story.record.operator.as_ref().is_some_and(|id| is_he(id.as_str()));
            let talked = story.events.iter().filter(|event| event.kind == "connected");
            record || talked.filter_map(|event| event.detail.get("operator")).any(|id| is_he(id))
        });
    if !his {
        return Err(Problem::not_allowed("the card is for the operator of the call, and for supervisors"));
    }
    Ok((live, story))
}
