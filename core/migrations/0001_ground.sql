-- The phone's store, first version. Once released this file is never edited.
--
-- Truth: meta, part, checkpoint, doc, change, archive, blob, inbox.
-- Cache: snapshot. Views (rebuilt from changes at any time): v_*, search, near.

-- Who this store belongs to and what it counts. One row per name.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Partitions this phone serves and how far it has read each one.
CREATE TABLE part (
    pid         TEXT PRIMARY KEY,
    history_id  BLOB NOT NULL DEFAULT x'',
    seq         INTEGER NOT NULL DEFAULT 0,
    chain       BLOB NOT NULL DEFAULT x'',
    digest      BLOB NOT NULL DEFAULT x'',
    count       INTEGER NOT NULL DEFAULT 0,
    durable_seq INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Sparse proofs of earlier positions, for finding the common past with a restored server.
CREATE TABLE checkpoint (
    pid   TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (pid, seq)
) STRICT, WITHOUT ROWID;

-- One row per document. `n` is a small number of this file alone; views use it.
CREATE TABLE doc (
    n           INTEGER PRIMARY KEY,
    doc_id      BLOB NOT NULL UNIQUE,
    pid         TEXT NOT NULL,
    move_gen    INTEGER NOT NULL DEFAULT 0,
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'live',
    unsent      INTEGER NOT NULL DEFAULT 0,
    acked_heads BLOB NOT NULL DEFAULT x'',
    local_heads BLOB NOT NULL
) STRICT;
CREATE INDEX doc_unsent ON doc (n) WHERE unsent = 1;

-- One row per change, its bytes as they were made. `k` is the order in which this phone
-- learned them: a change never stands before one it depends on. The key carries the
-- document's identity itself, so that rows can be saved from a damaged file alone.
CREATE TABLE change (
    doc_id BLOB NOT NULL,
    k      INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    raw    BLOB NOT NULL,
    status INTEGER NOT NULL,
    seq    INTEGER,
    PRIMARY KEY (doc_id, k)
) STRICT, WITHOUT ROWID;
-- Refused, quarantined or not applicable: few, and looked for often.
CREATE INDEX change_held ON change (status) WHERE status >= 3;

-- Changes that cannot be applied here (damaged, or what they lean on is missing). Kept for
-- export, and taken back as soon as what was missing arrives.
CREATE TABLE archive (
    doc_id BLOB NOT NULL,
    hash   BLOB NOT NULL,
    raw    BLOB NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (doc_id, hash)
) STRICT, WITHOUT ROWID;

-- A saved document over its first `through` changes. Dropped or stale, nothing is lost.
CREATE TABLE snapshot (
    n       INTEGER PRIMARY KEY REFERENCES doc (n) ON DELETE CASCADE,
    through INTEGER NOT NULL,
    bytes   BLOB NOT NULL
) STRICT;

-- Photos of this phone: sealed files in `blobs/`, and how far each has been sent.
CREATE TABLE blob (
    sha256   BLOB PRIMARY KEY,
    bytes    INTEGER NOT NULL,
    media    TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    sent     INTEGER NOT NULL DEFAULT 0,
    state    TEXT NOT NULL DEFAULT 'waiting',
    reason   TEXT
) STRICT, WITHOUT ROWID;

-- Notices to the person: refusals, review outcomes, what was saved from a damaged file.
CREATE TABLE inbox (
    id       INTEGER PRIMARY KEY,
    doc_id   BLOB,
    hash     BLOB,
    code     TEXT NOT NULL,
    text     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    resolved INTEGER
) STRICT;

CREATE TABLE v_place (
    n         INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    address   TEXT NOT NULL,
    name      TEXT NOT NULL,
    lat       REAL,
    lon       REAL,
    stale_at  INTEGER
) STRICT;

CREATE TABLE v_visit (
    n            INTEGER PRIMARY KEY,
    place        BLOB NOT NULL,
    list         TEXT NOT NULL,
    list_version INTEGER NOT NULL,
    quick        INTEGER NOT NULL,
    status       TEXT NOT NULL,
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    answered     INTEGER NOT NULL,
    photos       INTEGER NOT NULL,
    cleared      TEXT NOT NULL
) STRICT;
CREATE INDEX v_visit_place ON v_visit (place, started_at);
CREATE INDEX v_visit_draft ON v_visit (n) WHERE status = 'draft';

-- What finished visits raised. `open` while no later finished visit of the same place and list
-- raised the same code again or names it in `cleared` (codes found gone, each between commas).
CREATE TABLE v_finding (
    n          INTEGER NOT NULL,
    code       TEXT NOT NULL,
    place      BLOB NOT NULL,
    list       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    open       INTEGER NOT NULL DEFAULT 0,
    severity   INTEGER NOT NULL,
    category   TEXT NOT NULL,
    route      TEXT NOT NULL,
    lead       TEXT NOT NULL,
    due_at     INTEGER,
    title_zh   TEXT NOT NULL,
    title_en   TEXT NOT NULL,
    PRIMARY KEY (n, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX v_finding_place ON v_finding (place, list);
CREATE INDEX v_finding_open ON v_finding (severity, due_at) WHERE open = 1;

-- The newest finished visit of a place by one checklist.
CREATE TABLE v_round (
    place   BLOB NOT NULL,
    list    TEXT NOT NULL,
    n       INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    grave   INTEGER NOT NULL,
    PRIMARY KEY (place, list)
) STRICT, WITHOUT ROWID;

CREATE TABLE v_task (
    n       INTEGER PRIMARY KEY,
    place   BLOB NOT NULL,
    title   TEXT NOT NULL,
    finding TEXT,
    status  TEXT NOT NULL,
    due_at  INTEGER
) STRICT;
CREATE INDEX v_task_open ON v_task (due_at) WHERE status = 'open';

-- Fields with more than one value; `candidates` is JSON as the screens show it.
CREATE TABLE v_conflict (
    n          INTEGER NOT NULL,
    container  TEXT NOT NULL,
    field      TEXT NOT NULL,
    candidates TEXT NOT NULL,
    PRIMARY KEY (n, container, field)
) STRICT, WITHOUT ROWID;

-- What can be searched: part '' is the place, else the code of a finding.
CREATE TABLE v_text (
    id   INTEGER PRIMARY KEY,
    n    INTEGER NOT NULL,
    part TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (n, part)
) STRICT;
CREATE VIRTUAL TABLE search USING fts5 (body, content = 'v_text', content_rowid = 'id', tokenize = 'trigram');
CREATE TRIGGER v_text_in AFTER INSERT ON v_text BEGIN
    INSERT INTO search (rowid, body) VALUES (new.id, new.body);
END;
CREATE TRIGGER v_text_out AFTER DELETE ON v_text BEGIN
    INSERT INTO search (search, rowid, body) VALUES ('delete', old.id, old.body);
END;

CREATE VIRTUAL TABLE near USING rtree (n, south, north, west, east);
