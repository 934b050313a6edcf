-- What the office keeps. Times are milliseconds since the epoch.

-- What an operator noted on a call.
CREATE TABLE call_notes (
    call        TEXT PRIMARY KEY,
    disposition TEXT,
    note        TEXT NOT NULL,
    who         TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX call_notes_at ON call_notes (at);

ALTER TABLE tickets ADD COLUMN status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'waiting', 'done'));
ALTER TABLE tickets ADD COLUMN changed_at INTEGER;
CREATE INDEX tickets_status ON tickets (status, id);
CREATE INDEX tickets_caller ON tickets (caller);

CREATE TABLE ticket_events (
    id      INTEGER PRIMARY KEY,
    ticket  INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    kind    TEXT NOT NULL,
    text    TEXT NOT NULL,
    subject TEXT
) STRICT;
CREATE INDEX ticket_events_ticket ON ticket_events (ticket);

-- A JSON list; NULL: everything that the role may.
ALTER TABLE tokens ADD COLUMN scopes TEXT;

CREATE TABLE webhooks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    url         TEXT NOT NULL,
    events      TEXT NOT NULL,
    secret      TEXT NOT NULL,
    active      INTEGER NOT NULL,
    off_because TEXT,
    created_at  INTEGER NOT NULL
) STRICT;

-- What is to be told and what was. A row is written in the transaction of what happened, so nothing that happened is
-- left out; `message` is made of the event, so nothing is told as two messages.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook    INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    message    TEXT NOT NULL,
    event      TEXT NOT NULL,
    at         INTEGER NOT NULL,
    body       TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dropped')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER,
    settled_at INTEGER,
    status     INTEGER,
    error      TEXT,
    UNIQUE (webhook, message)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'pending';
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE state <> 'pending';
