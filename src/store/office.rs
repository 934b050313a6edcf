//! The papers of the house as the store keeps them: lists by pages, notes, tickets, webhooks and their outbox.
use super::{Reply, Subscriber};
use crate::call::{Message, TalkRecord};
use crate::ids::CallId;
use crate::machine::Wall;
use crate::number::Number;
use crate::office::{
    AuditQuery, AuditRow, CallCursor, CallQuery, Delivery, Due, LineQuality, Note, NotedCall, Page,
    RecordingQuery, Ticket, TicketEvent, TicketStatus, Tried, Webhook, WebhookChange,
};

/// Tellings that one webhook may have waiting: some days of a busy house. Beyond it the oldest are dropped, and shown as
/// such.
pub const OUTBOX_MAX: u64 = 10_000;

pub trait Office {
    /// Newest first.
    fn call_history(&self, query: CallQuery) -> Reply<'_, Page<NotedCall, CallCursor>>;

    /// By operator, of calls that began in this time and are over.
    fn line_quality(&self, from: Wall, to: Wall) -> Reply<'_, Vec<LineQuality>>;

    fn note(&self, call: CallId) -> Reply<'_, Option<Note>>;

    /// Inserts or replaces.
    fn put_note(&self, call: CallId, note: Note) -> Reply<'_, ()>;

    /// Newest first.
    fn audit_page(&self, query: AuditQuery) -> Reply<'_, Page<AuditRow, u64>>;

    /// By number, from after this one on; those that begin with a prefix.
    fn subscribers(
        &self,
        prefix: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Reply<'_, Page<Subscriber, String>>;

    fn remove_subscriber<'a>(&'a self, number: &'a Number) -> Reply<'a, bool>;

    /// Newest first; the cursor is the name.
    fn message_page(&self, after: Option<String>, limit: usize) -> Reply<'_, Page<Message, String>>;

    fn message<'a>(&'a self, name: &'a str) -> Reply<'a, Option<Message>>;

    /// Newest first.
    fn ticket_page(
        &self,
        status: Option<TicketStatus>,
        caller: Option<String>,
        after: Option<u64>,
        limit: usize,
    ) -> Reply<'_, Page<Ticket, u64>>;

    fn ticket<'a>(&'a self, number: &'a str) -> Reply<'a, Option<(Ticket, Vec<TicketEvent>)>>;

    /// Adds lines to a ticket's history and sets its status; false when there is no such ticket.
    fn change_ticket<'a>(
        &'a self,
        number: &'a str,
        status: Option<TicketStatus>,
        events: Vec<TicketEvent>,
        at: Wall,
    ) -> Reply<'a, bool>;

    /// Newest first; the cursor is the name.
    fn recordings(&self, query: RecordingQuery) -> Reply<'_, Page<TalkRecord, String>>;

    fn recording<'a>(&'a self, name: &'a str) -> Reply<'a, Option<TalkRecord>>;

    fn remove_recording<'a>(&'a self, name: &'a str) -> Reply<'a, ()>;

    /// Rows of recordings that began before this; their files go by age themselves.
    fn forget_recordings(&self, before: Wall) -> Reply<'_, u64>;

    fn webhooks(&self) -> Reply<'_, Vec<Webhook>>;

    fn add_webhook(&self, url: String, events: Vec<String>, secret: String, at: Wall) -> Reply<'_, u64>;

    /// False when there is no such webhook. What waits goes to the new address.
    fn change_webhook(&self, id: u64, change: WebhookChange) -> Reply<'_, bool>;

    /// With everything that it was to be told.
    fn remove_webhook(&self, id: u64) -> Reply<'_, bool>;

    /// Newest first.
    fn deliveries(&self, webhook: u64, after: Option<u64>, limit: usize) -> Reply<'_, Page<Delivery, u64>>;

    /// Puts an event into the outbox of every webhook that wants it. `message` is unique to what happened: the same once
    /// more changes nothing.
    fn tell<'a>(
        &'a self,
        event: &'a str,
        message: &'a str,
        data: serde_json::Value,
        at: Wall,
    ) -> Reply<'a, ()>;

    /// What is to be told now, the longest due first, at most one per webhook: a slow receiver holds up only itself.
    fn due(&self, at: Wall, limit: usize) -> Reply<'_, Vec<Due>>;

    fn tried(&self, id: u64, tried: Tried, at: Wall) -> Reply<'_, ()>;

    /// Settled tellings older than this.
    fn forget_deliveries(&self, before: Wall) -> Reply<'_, u64>;
}
