-- The trail says whether an act was done or refused. Rows from before were all written for done acts, but for
-- failed sign-ins, whose action says so; their hashes stay as they are.

ALTER TABLE audit ADD COLUMN success INTEGER NOT NULL DEFAULT 1;
