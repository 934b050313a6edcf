-- Seats that are open now, so that who was cut off by the node's end keeps his place. `since`: when a caller of the seat's
-- age would have joined. `callback`: what is needed to call back; absent while the caller is on the line. `lost_at`: the
-- start of the node that found the seat without its caller.
CREATE TABLE open_seats (
    call          TEXT PRIMARY KEY,
    number        TEXT NOT NULL,
    queue         TEXT NOT NULL,
    class         TEXT NOT NULL,
    since         INTEGER NOT NULL,
    talking_since INTEGER,
    callback      TEXT,
    lost_at       INTEGER
) STRICT;
CREATE INDEX open_seats_number ON open_seats (number, queue);
