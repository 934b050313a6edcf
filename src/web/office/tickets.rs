//! Tickets: cases that callers left, their status, what was noted, and letters to applicants.
use super::super::App;
use super::super::api::audit;
use super::super::body::Body;
use super::super::body::Params;
use super::super::desk::Role::{Admin, Api, Operator, Supervisor};
use super::super::guard::{Access, Caller};
use super::super::problem::Problem;
use super::super::routes::{Route, Table};
use super::desk::{Letter, Sent};
use super::query;
use crate::clock::{Clock, Zone};
use crate::number::Number;
use crate::office::{Ticket, TicketEvent, TicketEventKind, TicketStatus};
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const TICKETS: Access = Access::Roles(&[Operator, Supervisor, Admin, Api]);
const NOTE_CHARS_MAX: usize = 2000;
const SUBJECT_CHARS_MAX: usize = 200;
const LETTER_CHARS_MAX: usize = 5000;

pub fn routes(route: &Table) -> Vec<Route> {
    vec![
        route.get("/api/v1/tickets", TICKETS, list),
        route.get("/api/v1/tickets/{id}", TICKETS, one),
        route.put("/api/v1/tickets/{id}", TICKETS, change),
        route.post("/api/v1/tickets/{id}/reply", TICKETS, reply),
    ]
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct TicketsAsked {
    /// `open`, `waiting` or `done`.
    status: Option<String>,
    /// A caller's whole number.
    number: Option<String>,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TicketSummary {
    /// What the caller heard.
    id: String,
    call: String,
    at: String,
    number: String,
    topic: String,
    status: String,
    changed_at: Option<String>,
}

impl TicketSummary {
    pub fn of(ticket: &Ticket, zone: &Zone) -> TicketSummary {
        TicketSummary {
            id: ticket.number.clone(),
            call: ticket.call.to_string(),
            at: zone.rfc3339(ticket.at),
            number: ticket.caller.clone(),
            topic: ticket.topic.clone(),
            status: ticket.status.as_str().to_string(),
            changed_at: ticket.changed_at.map(|at| zone.rfc3339(at)),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct TicketPage {
    tickets: Vec<TicketSummary>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct TicketView {
    #[serde(flatten)]
    summary: TicketSummary,
    fields: BTreeMap<String, String>,
    /// The applicant's address, when the ticket or the subscriber has one.
    email: Option<String>,
    events: Vec<TicketEventView>,
}

#[derive(Serialize, ToSchema)]
pub struct TicketEventView {
    at: String,
    who: String,
    /// `status`, `note` or `reply`.
    kind: String,
    text: String,
    subject: Option<String>,
}

pub async fn list(
    State(app): State<App>,
    Params(asked): Params<TicketsAsked>,
) -> Result<Json<TicketPage>, Problem> {
    let status = asked.status.as_deref().map(|word| {
        TicketStatus::parse(word)
            .ok_or_else(|| Problem::bad_request("status: expected `open`, `waiting` or `done`"))
    });
    let number = asked.number.as_deref().map(|text| {
        Number::parse(text).ok_or_else(|| Problem::bad_request("number: expected a telephone number"))
    });
    let (status, number) = (status.transpose()?, number.transpose()?.map(|number| number.to_string()));
    let (after, limit) = (query::number_cursor(asked.cursor.as_deref())?, query::limit(asked.limit)?);
    let page = app.desk.ticket_page(status, number, after, limit).await?;
    let zone = app.desk.zone();
    let tickets = page.rows.iter().map(|ticket| TicketSummary::of(ticket, zone)).collect();
    Ok(Json(TicketPage { tickets, next: page.next.map(|id| id.to_string()) }))
}

pub async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<TicketView>, Problem> {
    view(&app, &id).await.map(Json)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketChange {
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(open|waiting|done)$")]
    status: Option<TicketStatus>,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
}

pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<TicketChange>,
) -> Result<Json<TicketView>, Problem> {
    let note = body.note.map(|note| query::written("note", &note, NOTE_CHARS_MAX)).transpose()?;
    if body.status.is_none() && note.is_none() {
        return Err(Problem::unusable("expected `status`, `note` or both"));
    }
    let (before, _) = app.desk.ticket(&id).await?.ok_or_else(no_such_ticket)?;
    let status = body.status.filter(|status| *status != before.status);
    let at = Clock::wall();
    let event = |kind, text: String| TicketEvent { at, who: caller.name.clone(), kind, text, subject: None };
    let mut events = Vec::new();
    events.extend(status.map(|status| event(TicketEventKind::Status, status.as_str().to_string())));
    events.extend(note.map(|note| event(TicketEventKind::Note, note)));
    if !events.is_empty() {
        app.desk.change_ticket(&id, status, events, at).await?;
        let word = status.map_or("", TicketStatus::as_str);
        audit(&app, &caller, "ticket.change", &[("ticket", &id), ("status", word)]).await;
    }
    view(&app, &id).await.map(Json)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyText {
    #[schema(min_length = 1, max_length = 200)]
    subject: String,
    #[schema(min_length = 1, max_length = 5000)]
    text: String,
}

/// A letter to the applicant; when the mail server has taken it, the ticket waits for his answer.
pub async fn reply(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<ReplyText>,
) -> Result<Json<TicketView>, Problem> {
    let subject = query::written("subject", &body.subject, SUBJECT_CHARS_MAX)?;
    if subject.chars().any(char::is_control) {
        return Err(Problem::unusable("`subject` is one line"));
    }
    let text = query::written("text", &body.text, LETTER_CHARS_MAX)?;
    let (ticket, _) = app.desk.ticket(&id).await?.ok_or_else(no_such_ticket)?;
    let to = email(&app, &ticket).await?.ok_or_else(|| {
        Problem::not_now(
            "the applicant's e-mail is not known: it is the subscriber's, or the ticket's field `email`",
        )
    })?;
    let letter = Letter {
        to,
        ticket: ticket.number.clone(),
        topic: ticket.topic.clone(),
        subject: subject.clone(),
        text: text.clone(),
    };
    match app.desk.send_letter(letter).await? {
        Sent::Done => {}
        Sent::NoServer => {
            return Err(Problem::not_now("no mail server: add a section `smtp` to config.yaml"));
        }
        Sent::Unusable(why) => return Err(Problem::unusable(why)),
        Sent::Refused(why) => return Err(Problem::mail_away(why)),
    }
    let at = Clock::wall();
    let event = |kind, text, subject| TicketEvent { at, who: caller.name.clone(), kind, text, subject };
    let mut events = vec![event(TicketEventKind::Reply, text, Some(subject))];
    let waits = (ticket.status == TicketStatus::Open).then_some(TicketStatus::Waiting);
    events.extend(waits.map(|status| event(TicketEventKind::Status, status.as_str().to_string(), None)));
    app.desk.change_ticket(&id, waits, events, at).await?;
    audit(&app, &caller, "ticket.reply", &[("ticket", &id)]).await;
    view(&app, &id).await.map(Json)
}

async fn view(app: &App, id: &str) -> Result<TicketView, Problem> {
    let (ticket, events) = app.desk.ticket(id).await?.ok_or_else(no_such_ticket)?;
    let zone = app.desk.zone();
    let events = events.into_iter().map(|event| TicketEventView {
        at: zone.rfc3339(event.at),
        who: event.who,
        kind: event.kind.as_str().to_string(),
        text: event.text,
        subject: event.subject,
    });
    Ok(TicketView {
        email: email(app, &ticket).await?,
        summary: TicketSummary::of(&ticket, zone),
        events: events.collect(),
        fields: ticket.fields,
    })
}

async fn email(app: &App, ticket: &Ticket) -> Result<Option<String>, Problem> {
    let own = ticket.fields.get("email").map(|email| email.trim()).filter(|email| !email.is_empty());
    if let Some(own) = own {
        return Ok(Some(own.to_string()));
    }
    let Some(number) = Number::parse(&ticket.caller) else { return Ok(None) };
    Ok(app.desk.subscriber(&number).await?.and_then(|subscriber| subscriber.email))
}

fn no_such_ticket() -> Problem {
    Problem::not_found("no ticket has this number; GET /api/v1/tickets lists them")
}
