//! What the office asks of the store and the disk; `desk.rs` on the program's floor answers.
use super::super::desk::{Answer, Secret};
use crate::call::{Message, TalkRecord};
use crate::clock::Zone;
use crate::ids::{CallId, PromptName};
use crate::machine::Wall;
use crate::number::Number;
use crate::office::{
    AuditQuery, AuditRow, CallCursor, CallQuery, Delivery, LineQuality, Note, NotedCall, Page,
    RecordingQuery, Ticket, TicketEvent, TicketStatus, TokenRow, UserRow, Webhook, WebhookChange,
};
use crate::role::{Role, Scopes};
use crate::say::Language;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub trait Office {
    /// Whose days and offsets times are shown in.
    fn zone(&self) -> &Zone;

    /// The words from which an operator chooses in his wrap-up.
    fn dispositions(&self) -> Vec<String>;

    /// The configuration in force, its secrets hidden.
    fn config(&self) -> serde_json::Value;

    fn call_history(&self, query: CallQuery) -> Answer<'_, Page<NotedCall, CallCursor>>;

    fn line_quality(&self, from: Wall, to: Wall) -> Answer<'_, Vec<LineQuality>>;

    fn note(&self, call: CallId) -> Answer<'_, Option<Note>>;

    fn put_note(&self, call: CallId, note: Note) -> Answer<'_, ()>;

    fn audit_page(&self, query: AuditQuery) -> Answer<'_, Page<AuditRow, u64>>;

    fn subscriber<'a>(&'a self, number: &'a Number) -> Answer<'a, Option<SubscriberRow>>;

    fn subscribers(
        &self,
        prefix: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<SubscriberRow, String>>;

    fn remove_subscriber<'a>(&'a self, number: &'a Number) -> Answer<'a, bool>;

    fn message_page(&self, after: Option<String>, limit: usize) -> Answer<'_, Page<Message, String>>;

    /// The file of a message that the store knows.
    fn message_file<'a>(&'a self, name: &'a str) -> Answer<'a, Option<PathBuf>>;

    fn recordings(&self, query: RecordingQuery) -> Answer<'_, Page<TalkRecord, String>>;

    /// The file of a recording that the store knows.
    fn recording_file<'a>(&'a self, name: &'a str) -> Answer<'a, Option<PathBuf>>;

    /// Removes every recording of this caller's talks, files and rows; how many there were.
    fn remove_recordings<'a>(&'a self, number: &'a Number) -> Answer<'a, u64>;

    fn ticket_page(
        &self,
        status: Option<TicketStatus>,
        caller: Option<String>,
        after: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Page<Ticket, u64>>;

    fn ticket<'a>(&'a self, number: &'a str) -> Answer<'a, Option<(Ticket, Vec<TicketEvent>)>>;

    fn change_ticket<'a>(
        &'a self,
        number: &'a str,
        status: Option<TicketStatus>,
        events: Vec<TicketEvent>,
        at: Wall,
    ) -> Answer<'a, bool>;

    /// Sends a letter about a ticket. Comes back when the mail server took it, or did not.
    fn send_letter(&self, letter: Letter) -> Answer<'_, Sent>;

    fn users(&self) -> Answer<'_, Vec<UserRow>>;

    /// A new user; without a password he gets one that is shown once and has to be changed.
    fn add_user<'a>(&'a self, user: NewUser<'a>, at: Wall) -> Answer<'a, Done<Option<Secret>>>;

    fn set_role<'a>(&'a self, name: &'a str, role: Role) -> Answer<'a, Done<()>>;

    /// A new password by chance, to be changed at the next sign-in; signs the user out and unlocks him.
    fn reset_password<'a>(&'a self, name: &'a str) -> Answer<'a, Done<Secret>>;

    fn unlock<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;

    fn remove_user<'a>(&'a self, name: &'a str) -> Answer<'a, Done<()>>;

    fn tokens(&self) -> Answer<'_, Vec<TokenRow>>;

    fn add_token<'a>(
        &'a self,
        name: &'a str,
        role: Role,
        scopes: Scopes,
        at: Wall,
    ) -> Answer<'a, Done<(Secret, TokenRow)>>;

    fn remove_token<'a>(&'a self, id: &'a str) -> Answer<'a, Option<TokenRow>>;

    fn prompts(&self) -> Answer<'_, Vec<PromptRow>>;

    /// The file of a prompt that the catalogue knows.
    fn prompt_file(&self, language: Language, name: PromptName) -> Answer<'_, Option<PathBuf>>;

    fn webhooks(&self) -> Answer<'_, Vec<Webhook>>;

    /// The new webhook's id and its secret, which nobody sees again.
    fn add_webhook(&self, url: String, events: Vec<String>, at: Wall) -> Answer<'_, Done<(u64, Secret)>>;

    fn change_webhook(&self, id: u64, change: WebhookChange) -> Answer<'_, Done<()>>;

    fn remove_webhook(&self, id: u64) -> Answer<'_, bool>;

    fn deliveries(&self, webhook: u64, after: Option<u64>, limit: usize) -> Answer<'_, Page<Delivery, u64>>;
}

/// What a change came to that may be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done<T> {
    Done(T),
    NotFound,
    /// It stands against how things are; the text says why.
    Conflict(String),
    /// It cannot be used; the text says why.
    Unusable(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberRow {
    pub number: Number,
    pub class: crate::class::Class,
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    pub name: &'a str,
    pub role: Role,
    pub password: Option<&'a str>,
}

/// A prompt with its texts and files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptRow {
    pub id: PromptName,
    pub texts: BTreeMap<Language, String>,
    pub files: BTreeMap<Language, PromptFile>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptFile {
    /// `None`: there is no file, or none that can be played.
    pub duration_ms: Option<u64>,
    /// `missing`, `synthesised` or `studio`.
    pub state: &'static str,
}

/// A letter to an applicant.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub ticket: String,
    pub topic: String,
    pub subject: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    Done,
    /// config.yaml has no `smtp`.
    NoServer,
    /// The address, or another part of the letter, cannot be used.
    Unusable(String),
    /// The mail server did not take it.
    Refused(String),
}
