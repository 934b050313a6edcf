-- Times are milliseconds since the epoch, sums are kopecks, lists and maps are JSON.

CREATE TABLE subscribers (
    number TEXT PRIMARY KEY,
    class  TEXT NOT NULL CHECK (class IN ('priority', 'standard')),
    name   TEXT,
    email  TEXT
) STRICT;

CREATE TABLE payments (
    number   TEXT NOT NULL,
    terminal TEXT NOT NULL,
    paid_at  INTEGER NOT NULL,
    amount   INTEGER NOT NULL CHECK (amount >= 0),
    status   TEXT NOT NULL CHECK (status IN ('processing', 'done')),
    PRIMARY KEY (number, terminal)
) STRICT;

CREATE TABLE agents (
    id     TEXT PRIMARY KEY,
    name   TEXT,
    active INTEGER NOT NULL
) STRICT;

-- The realm stands beside the digest secrets: they are worthless under another one.
CREATE TABLE operators (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    queues          TEXT NOT NULL,
    skills          TEXT NOT NULL,
    sign_in         TEXT NOT NULL,
    rings_within_ms INTEGER NOT NULL,
    auto_answer     INTEGER NOT NULL,
    contact         TEXT,
    realm           TEXT,
    ha1_md5         TEXT,
    ha1_sha256      TEXT,
    declared        INTEGER NOT NULL,
    paused          TEXT,
    chosen_at       INTEGER
) STRICT;

-- AUTOINCREMENT: the number of a ticket that was removed is never given again.
CREATE TABLE tickets (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT UNIQUE,
    call   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    caller TEXT NOT NULL,
    topic  TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE INDEX tickets_at ON tickets (at);

CREATE TABLE calls (
    id               TEXT PRIMARY KEY,
    sip_call_id      TEXT NOT NULL,
    line             TEXT NOT NULL,
    caller           TEXT NOT NULL,
    verified         INTEGER NOT NULL,
    class            TEXT NOT NULL,
    queue            TEXT,
    started_at       INTEGER NOT NULL,
    enqueued_at      INTEGER,
    offered_at       INTEGER,
    answered_at      INTEGER,
    ended_at         INTEGER,
    wait_ms          INTEGER,
    operator         TEXT,
    result           TEXT,
    hangup_by        TEXT,
    cause            TEXT,
    path             TEXT NOT NULL,
    caller_quality   TEXT,
    operator_quality TEXT
) STRICT;
CREATE INDEX calls_started_at ON calls (started_at);
CREATE INDEX calls_caller ON calls (caller, started_at);
CREATE INDEX calls_open ON calls (id) WHERE ended_at IS NULL;

CREATE TABLE call_events (
    id     INTEGER PRIMARY KEY,
    call   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX call_events_call ON call_events (call);
CREATE INDEX call_events_at ON call_events (at);

CREATE TABLE messages (
    name        TEXT PRIMARY KEY,
    call        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    caller      TEXT NOT NULL,
    line        TEXT NOT NULL
) STRICT;
CREATE INDEX messages_call ON messages (call);
CREATE INDEX messages_at ON messages (at);

CREATE TABLE users (
    name         TEXT PRIMARY KEY,
    role         TEXT NOT NULL,
    password     TEXT NOT NULL,
    must_change  INTEGER NOT NULL,
    void_at      INTEGER,
    failures     INTEGER NOT NULL,
    locked_until INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    hash         BLOB PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

CREATE TABLE sessions (
    hash       BLOB PRIMARY KEY,
    user       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE journal (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    mono_ns INTEGER NOT NULL,
    input   TEXT NOT NULL
) STRICT;
CREATE INDEX journal_at ON journal (at);

CREATE TABLE snapshots (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    mono_ns  INTEGER NOT NULL,
    flow_set TEXT NOT NULL,
    state    BLOB NOT NULL
) STRICT;
CREATE INDEX snapshots_at ON snapshots (at);

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
