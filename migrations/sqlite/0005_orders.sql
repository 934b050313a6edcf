-- Standing orders of supervisors: closed queues, the emergency announcement, caller rules.

CREATE TABLE orders (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
