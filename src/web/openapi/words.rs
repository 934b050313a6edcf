//! What is said of each route: a summary, the query, the body and the answer. A test holds it against the table.
use super::super::office::{card, history, messages, people, recordings, subscribers, tickets, webhooks};
use super::super::{acts, api, flows, legs, login, reports};
use super::{Answer, ParamsOf, SchemaOf, Words, list, params, schema};
use axum::http::Method;

const API: &str = "/api/v1";
const ANY: Answer = Answer::Any(200);
const ACCEPTED: Answer = Answer::Any(202);
const NOTHING: Answer = Answer::Nothing;
const TEXT: &str = "text/plain";
const CSV: &str = "text/csv";
const REPORT: &[&str] = &[CSV, TEXT];
const SOUND: Answer = Answer::Is("audio/wav");

fn json(shape: SchemaOf) -> Answer {
    Answer::Json(200, shape)
}

fn made(shape: SchemaOf) -> Answer {
    Answer::Json(201, shape)
}

impl Words {
    fn formats(self, formats: &'static [&'static str]) -> Words {
        Words { formats, ..self }
    }

    fn query(self, query: ParamsOf) -> Words {
        Words { query: Some(query), ..self }
    }

    fn body(self, body: SchemaOf) -> Words {
        Words { body: Some(body), ..self }
    }
}

fn on(method: Method, path: &'static str, summary: &'static str, answer: Answer) -> Words {
    debug_assert!(path.starts_with(API));
    Words { method, path, summary, query: None, body: None, answer, formats: &[] }
}

fn get(path: &'static str, summary: &'static str, answer: Answer) -> Words {
    on(Method::GET, path, summary, answer)
}

fn put(path: &'static str, summary: &'static str, answer: Answer) -> Words {
    on(Method::PUT, path, summary, answer)
}

fn post(path: &'static str, summary: &'static str, answer: Answer) -> Words {
    on(Method::POST, path, summary, answer)
}

fn delete(path: &'static str, summary: &'static str, answer: Answer) -> Words {
    on(Method::DELETE, path, summary, answer)
}

pub fn all() -> Vec<Words> {
    let parts = [
        session(),
        live(),
        acts_of_supervisors(),
        flow_set(),
        telephones(),
        past(),
        papers(),
        people_and_programs(),
    ];
    parts.into_iter().flatten().collect()
}

fn session() -> Vec<Words> {
    vec![
        get("/api/v1/openapi.json", "This document", ANY),
        post("/api/v1/login", "Sign in: a session cookie", ANY).body(schema::<login::Credentials>),
        post("/api/v1/password", "Change one's password", ANY).body(schema::<login::NewPassword>),
        post("/api/v1/logout", "Sign out", NOTHING),
        get("/api/v1/session", "Who is signed in", ANY),
    ]
}

fn live() -> Vec<Words> {
    vec![
        get("/api/v1/view", "Everything that is shown, at one moment", ANY),
        get(
            "/api/v1/events",
            "The view and its changes (Server-Sent Events)",
            Answer::Is("text/event-stream"),
        ),
        get("/api/v1/queues", "The queues now", ANY),
        get("/api/v1/queues/{name}", "One queue now", ANY),
        get("/api/v1/calls", "The calls that are on", ANY),
        get("/api/v1/calls/{id}", "A call, on or ended, with its story", ANY),
        delete("/api/v1/calls/{id}", "Hang up", NOTHING).query(params::<api::Why>),
        get("/api/v1/calls/{id}/why", "Why this caller waits", ANY),
        get("/api/v1/calls/{id}/signalling", "The SIP messages of a call", json(schema::<Vec<api::Signal>>)),
        get("/api/v1/operators", "The operators now", ANY),
        get("/api/v1/operators/{id}", "One operator now", ANY),
        put("/api/v1/operators/{id}", "Ready, or a break", ANY).body(schema::<api::OperatorChange>),
        post("/api/v1/operators/{id}/credential", "What a page's telephone registers with", ANY),
        put("/api/v1/subscribers/{number}", "A subscriber's class", ANY)
            .body(schema::<api::SubscriberChange>),
        post("/api/v1/drain", "Take no new calls; the process ends with the last one", ACCEPTED),
        put("/api/v1/log-level", "The filter of the log", NOTHING).body(schema::<api::LogLevel>),
    ]
}

fn telephones() -> Vec<Words> {
    vec![
        post("/api/v1/calls/{id}/transfer", "Hand a caller on", ACCEPTED).body(schema::<legs::Transfer>),
        post("/api/v1/calls/{id}/transfer/complete", "Complete an attended transfer", NOTHING),
        delete("/api/v1/calls/{id}/transfer", "Back to the caller", NOTHING),
        post("/api/v1/calls/{id}/listen", "Listen to a talk", ACCEPTED).body(schema::<legs::Supervise>),
        delete("/api/v1/calls/{id}/listen", "Listen no more", NOTHING).query(params::<api::Why>),
        post("/api/v1/calls/{id}/whisper", "Speak to the operator only", ACCEPTED)
            .body(schema::<legs::Supervise>),
        post("/api/v1/calls/{id}/barge", "Join a talk", ACCEPTED).body(schema::<legs::Supervise>),
        post("/api/v1/calls/{id}/recording", "Pause a recording, or go on", NOTHING)
            .body(schema::<legs::Pause>),
        post("/api/v1/operators/{id}/calls", "Call somebody outside", ACCEPTED).body(schema::<legs::CallOut>),
    ]
}

fn acts_of_supervisors() -> Vec<Words> {
    vec![
        post("/api/v1/calls/{id}/move", "Move a waiting caller to another queue", NOTHING)
            .body(schema::<acts::Move>),
        post("/api/v1/calls/{id}/raise", "Give a waiting caller another class", NOTHING)
            .body(schema::<acts::Raise>),
        post("/api/v1/operators/{id}/end-wrap-up", "End an operator's wrap-up", NOTHING)
            .body(schema::<acts::Because>),
        put("/api/v1/queues/{name}", "Close a queue, or open it", ANY).body(schema::<acts::QueueChange>),
        get("/api/v1/announcement", "The announcement that callers hear first; null: none", ANY),
        put("/api/v1/announcement", "Let callers hear this first", ANY).body(schema::<acts::Announcement>),
        delete("/api/v1/announcement", "No announcement", NOTHING).query(params::<api::Why>),
        get("/api/v1/caller-rules", "What happens to calls of certain numbers", ANY),
        put("/api/v1/caller-rules/{number}", "A rule for a number, or a prefix ending in *", NOTHING)
            .body(schema::<acts::Rule>),
        delete("/api/v1/caller-rules/{number}", "Remove a rule", NOTHING).query(params::<api::Why>),
        get("/api/v1/alerts", "What those on duty should look at", ANY),
    ]
}

fn flow_set() -> Vec<Words> {
    vec![
        get("/api/v1/flows", "The flows in force, and their versions", ANY),
        post("/api/v1/flows/reload", "Read the flows again; findings when they have errors", ANY),
        post("/api/v1/flows/rollback", "Back to an earlier version", ANY).body(schema::<flows::RollBack>),
        put("/api/v1/flows/{name}/arms/{step}/{arm}", "Take an arm of a split out, or put it back", NOTHING)
            .body(schema::<flows::ArmChange>),
        get("/api/v1/flows/{name}", "A flow's text and findings", ANY),
        get("/api/v1/flows/{name}/graph", "A flow as a picture", Answer::Is("image/svg+xml"))
            .query(params::<flows::GraphQuery>)
            .formats(&[TEXT]),
        get("/api/v1/flows/{name}/diff", "What changed between two versions", Answer::Is("text/plain"))
            .query(params::<flows::DiffQuery>),
    ]
}

fn past() -> Vec<Words> {
    let asked: ParamsOf = params::<reports::Parameters>;
    vec![
        get("/api/v1/reports/daily", "The promise, by day", ANY).query(asked).formats(REPORT),
        get("/api/v1/reports/menu", "What callers chose", ANY).query(asked).formats(REPORT),
        get("/api/v1/reports/queue", "Queues and classes", ANY).query(asked).formats(REPORT),
        get("/api/v1/reports/operator", "Operators", ANY).query(asked).formats(REPORT),
        get(
            "/api/v1/history/calls",
            "Calls that were, searched; JSON or CSV",
            json(schema::<history::CallPage>),
        )
        .query(params::<history::CallsAsked>)
        .formats(&[CSV]),
        get("/api/v1/history/queues", "The report's figures in steps, for charts", ANY)
            .query(params::<history::QueuesAsked>),
        get(
            "/api/v1/history/quality",
            "How each operator's line was",
            json(schema::<Vec<history::LineQualityView>>),
        )
        .query(params::<history::QualityAsked>),
        get("/api/v1/audit", "Who changed what", json(schema::<history::AuditPage>))
            .query(params::<history::AuditAsked>),
    ]
}

fn papers() -> Vec<Words> {
    let ticket: fn() -> Answer = || json(schema::<tickets::TicketView>);
    vec![
        get("/api/v1/calls/{id}/card", "The caller's card", json(schema::<card::Card>)),
        put("/api/v1/calls/{id}/note", "What came of a call", json(schema::<card::NoteView>))
            .body(schema::<card::NoteText>),
        get("/api/v1/dispositions", "The words to choose from", ANY),
        get("/api/v1/tickets", "Tickets, newest first", json(schema::<tickets::TicketPage>))
            .query(params::<tickets::TicketsAsked>),
        get("/api/v1/tickets/{id}", "A ticket and its history", ticket()),
        put("/api/v1/tickets/{id}", "A ticket's status, a note", ticket())
            .body(schema::<tickets::TicketChange>),
        post("/api/v1/tickets/{id}/reply", "A letter to the applicant", ticket())
            .body(schema::<tickets::ReplyText>),
        get("/api/v1/messages", "Messages that callers left", json(schema::<messages::MessagePage>))
            .query(params::<messages::MessagesAsked>),
        get("/api/v1/messages/{name}/audio", "A message's sound; ranges", SOUND),
        get("/api/v1/recordings", "Recordings of talks", json(schema::<recordings::RecordingPage>))
            .query(params::<recordings::RecordingsAsked>),
        get("/api/v1/recordings/{name}/audio", "A talk, the caller left, the operator right; ranges", SOUND),
        delete("/api/v1/recordings", "Remove a caller's recordings, at his request", ANY)
            .query(params::<recordings::RemovalAsked>),
        get("/api/v1/prompts", "Prompts with texts and files", ANY),
        get("/api/v1/prompts/{lang}/{id}", "How a prompt sounds; ranges", SOUND),
    ]
}

fn people_and_programs() -> Vec<Words> {
    vec![
        get("/api/v1/subscribers", "Subscribers", json(schema::<subscribers::SubscriberPage>))
            .query(params::<subscribers::SubscribersAsked>),
        delete("/api/v1/subscribers/{number}", "An ordinary number again", NOTHING),
        get("/api/v1/users", "Users", json(list::<people::UserView>)),
        post("/api/v1/users", "A new user", made(schema::<people::NewUserView>))
            .body(schema::<people::NewUserText>),
        put("/api/v1/users/{name}", "A role, a new password, unlock", json(schema::<people::NewUserView>))
            .body(schema::<people::UserChange>),
        delete("/api/v1/users/{name}", "Remove a user", NOTHING),
        get("/api/v1/tokens", "Tokens, without their secrets", json(list::<people::TokenView>)),
        post("/api/v1/tokens", "A new token, shown once", made(schema::<people::NewTokenView>))
            .body(schema::<people::NewToken>),
        delete("/api/v1/tokens/{id}", "Revoke a token", NOTHING),
        get("/api/v1/webhooks", "Webhooks", json(list::<webhooks::WebhookView>)),
        post(
            "/api/v1/webhooks",
            "A new webhook; its secret is shown once",
            made(schema::<webhooks::NewWebhookView>),
        )
        .body(schema::<webhooks::NewWebhook>),
        put("/api/v1/webhooks/{id}", "Change a webhook", json(schema::<webhooks::WebhookView>))
            .body(schema::<webhooks::WebhookChangeText>),
        delete("/api/v1/webhooks/{id}", "Remove a webhook and what waits for it", NOTHING),
        get("/api/v1/webhooks/{id}/deliveries", "What was told", json(schema::<webhooks::DeliveryPage>))
            .query(params::<webhooks::DeliveriesAsked>),
        get("/api/v1/config", "The configuration in force, secrets hidden", ANY),
    ]
}
