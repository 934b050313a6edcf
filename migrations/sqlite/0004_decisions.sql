-- What an input of the Switchboard came to: a digest of the actions, by which a replay knows whether it comes to the same.
ALTER TABLE journal ADD COLUMN decisions INTEGER NOT NULL DEFAULT 0;
