-- What the sync needs beside the records: how each partition holds its documents (the digest is
-- made of it), the entries read (for a restored server that lost them), and a bundle half taken.

ALTER TABLE part ADD COLUMN stamp BLOB NOT NULL DEFAULT x'';

-- A document as a partition holds it, by the entries read from that partition's log.
CREATE TABLE member (
    pid      TEXT NOT NULL,
    doc_id   BLOB NOT NULL,
    heads    BLOB NOT NULL,
    frozen   INTEGER NOT NULL,
    move_gen INTEGER NOT NULL,
    PRIMARY KEY (pid, doc_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_doc ON member (doc_id);

-- Entries read and not yet known to be in an off-host backup of the server. `body` is the entry as
-- it came, where it was not a plain change.
CREATE TABLE entry (
    pid    TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    doc_id BLOB NOT NULL,
    hash   BLOB,
    body   BLOB,
    PRIMARY KEY (pid, seq)
) STRICT, WITHOUT ROWID;

-- Entries to offer a restored server: those after `after` up to `upto`, proven by its own stamp.
CREATE TABLE offer (
    pid   TEXT PRIMARY KEY,
    after INTEGER NOT NULL,
    upto  INTEGER NOT NULL,
    stamp BLOB NOT NULL,
    chain BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A bundle half taken: which, and the byte where its next frame begins.
CREATE TABLE bundle (
    pid    TEXT PRIMARY KEY,
    n      INTEGER NOT NULL,
    header BLOB NOT NULL,
    byte   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
