-- Talks that were recorded, and calls that were made for a ticket.

CREATE TABLE recordings (
    name        TEXT PRIMARY KEY,
    call        TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    channels    INTEGER NOT NULL,
    caller      TEXT NOT NULL,
    operator    TEXT,
    queue       TEXT
) STRICT;
CREATE INDEX recordings_call ON recordings (call);
CREATE INDEX recordings_caller ON recordings (caller, started_at);
CREATE INDEX recordings_started_at ON recordings (started_at);

CREATE TABLE ticket_calls (
    ticket INTEGER NOT NULL,
    call   TEXT NOT NULL,
    PRIMARY KEY (ticket, call)
) STRICT;
