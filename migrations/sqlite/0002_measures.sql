-- What is counted (docs/reports.md). Waits and talks are nanoseconds of the monotonic clock, `…_at` are milliseconds since
-- the epoch.

-- A seat's stay in one queue; without an outcome while it is open.
CREATE TABLE stays (
    call            TEXT NOT NULL,
    seat            INTEGER NOT NULL,
    moves           INTEGER NOT NULL,
    queue           TEXT NOT NULL,
    class           TEXT NOT NULL,
    test            INTEGER NOT NULL,
    in_total        INTEGER NOT NULL,
    opened_at       INTEGER NOT NULL,
    entered_at      INTEGER NOT NULL,
    outcome         TEXT,
    ended_at        INTEGER,
    waited_ns       INTEGER NOT NULL,
    operator        TEXT,
    silent_operator INTEGER NOT NULL,
    PRIMARY KEY (call, seat, moves)
) STRICT;
CREATE INDEX stays_opened_at ON stays (opened_at);
CREATE INDEX stays_open ON stays (call) WHERE outcome IS NULL;

-- A phone rung for a seat, and the talk that came of it.
CREATE TABLE attempts (
    call        TEXT NOT NULL,
    offer       INTEGER NOT NULL,
    seat        INTEGER NOT NULL,
    operator    TEXT NOT NULL,
    queue       TEXT NOT NULL,
    class       TEXT NOT NULL,
    test        INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    offered_at  INTEGER NOT NULL,
    rang_ns     INTEGER NOT NULL,
    result      TEXT NOT NULL,
    waited_ns   INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at    INTEGER,
    ended_by    TEXT,
    talk_ns     INTEGER NOT NULL,
    hold_ns     INTEGER NOT NULL,
    wrap_up_ns  INTEGER NOT NULL,
    PRIMARY KEY (call, offer)
) STRICT;
CREATE INDEX attempts_opened_at ON attempts (opened_at);
CREATE INDEX attempts_offered_at ON attempts (offered_at);

-- An operator's state from a moment on, until the next row of the same operator.
CREATE TABLE operator_states (
    id       INTEGER PRIMARY KEY,
    operator TEXT NOT NULL,
    at       INTEGER NOT NULL,
    state    TEXT NOT NULL,
    reason   TEXT
) STRICT;
CREATE INDEX operator_states_operator ON operator_states (operator, at);
CREATE INDEX operator_states_at ON operator_states (at);
