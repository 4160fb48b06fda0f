-- Checklist files that the city published, oldest first; the last is in use. Older ones stay: a visit goes on
-- by the version it was begun with.

CREATE TABLE checklist (
    n       INTEGER PRIMARY KEY,
    sha256  BLOB NOT NULL UNIQUE,
    yaml    TEXT NOT NULL
) STRICT;
