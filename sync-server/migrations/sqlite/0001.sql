-- The server's database, version 1. Tables of the protocol page, section 4.14,
-- in SQLite's types. Never edited once released; the next version is a new file.

CREATE TABLE server_meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- One log per partition. next_seq is the number the next entry gets (from 1).
CREATE TABLE partition (
  pid         TEXT PRIMARY KEY,
  next_seq    INTEGER NOT NULL,
  floor_seq   INTEGER NOT NULL,
  durable_seq INTEGER NOT NULL,
  chain       BLOB NOT NULL,
  digest      BLOB NOT NULL,
  doc_count   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE plog (
  pid       TEXT NOT NULL,
  seq       INTEGER NOT NULL,
  kind      INTEGER NOT NULL,
  doc_id    BLOB NOT NULL,
  body_hash BLOB NOT NULL,
  body      BLOB,
  chain     BLOB NOT NULL,
  PRIMARY KEY (pid, seq)
) WITHOUT ROWID;

-- about: the place a visit or task is about; they move together.
CREATE TABLE doc (
  doc_id    BLOB PRIMARY KEY,
  pid       TEXT NOT NULL,
  move_gen  INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  state     TEXT NOT NULL,
  gen       INTEGER NOT NULL,
  heads     BLOB NOT NULL,
  changes   INTEGER NOT NULL,
  about     BLOB,
  closed_at INTEGER
) WITHOUT ROWID;
CREATE INDEX doc_about ON doc (about) WHERE about IS NOT NULL;
CREATE INDEX doc_closed ON doc (closed_at) WHERE closed_at IS NOT NULL AND state = 'live';

-- Where a document appears: its home partition and inboxes.
CREATE TABLE presence (
  pid    TEXT NOT NULL,
  doc_id BLOB NOT NULL,
  PRIMARY KEY (pid, doc_id)
) WITHOUT ROWID;
CREATE INDEX presence_doc ON presence (doc_id);

-- One change, one row; n counts the changes of a document in the order of arrival.
CREATE TABLE change (
  doc_id      BLOB NOT NULL,
  n           INTEGER NOT NULL,
  hash        BLOB NOT NULL,
  actor       BLOB NOT NULL,
  seq         INTEGER NOT NULL,
  max_op      INTEGER NOT NULL,
  author      BLOB,
  raw         BLOB NOT NULL,
  manifest_id BLOB,
  log_pid     TEXT NOT NULL,
  log_seq     INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (doc_id, n)
) WITHOUT ROWID;
CREATE UNIQUE INDEX change_hash ON change (doc_id, hash);
CREATE UNIQUE INDEX change_actor ON change (doc_id, actor, seq);

-- A cache: the document saved after its first `changes` changes.
CREATE TABLE snapshot (
  doc_id  BLOB PRIMARY KEY,
  changes INTEGER NOT NULL,
  bytes   BLOB NOT NULL
);

-- What an author's device signed, as it came.
CREATE TABLE manifest (
  manifest_id BLOB PRIMARY KEY,
  device_id   BLOB NOT NULL,
  counter     INTEGER NOT NULL,
  bytes       BLOB NOT NULL,
  received_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE person (
  person_id  TEXT PRIMARY KEY,
  post       TEXT NOT NULL,
  areas      TEXT NOT NULL,
  department TEXT,
  added_at   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE enrol_code (
  code_hash  BLOB PRIMARY KEY,
  person_id  TEXT NOT NULL,
  grids      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER
) WITHOUT ROWID;

CREATE TABLE device (
  device_id   BLOB PRIMARY KEY,
  person_id   TEXT NOT NULL,
  public_key  BLOB NOT NULL,
  author      BLOB NOT NULL UNIQUE,
  token_hash  BLOB NOT NULL UNIQUE,
  install_id  BLOB NOT NULL,
  grids       TEXT NOT NULL,
  status      TEXT NOT NULL,
  max_counter INTEGER NOT NULL,
  app         TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL,
  last_seen   INTEGER
);

-- Observation only, never used for correctness.
CREATE TABLE device_cursor (
  device_id BLOB NOT NULL,
  pid       TEXT NOT NULL,
  seq       INTEGER NOT NULL,
  seen_at   INTEGER NOT NULL,
  PRIMARY KEY (device_id, pid)
) WITHOUT ROWID;

-- One ticket per change that waits for a person's decision.
CREATE TABLE quarantine (
  ticket      INTEGER PRIMARY KEY,
  doc_id      BLOB NOT NULL,
  hash        BLOB NOT NULL,
  raw         BLOB NOT NULL,
  pid         TEXT NOT NULL,
  device_id   BLOB NOT NULL,
  author      BLOB NOT NULL,
  manifest_id BLOB NOT NULL,
  reason      TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  decision    TEXT,
  decided_by  TEXT,
  decided_at  INTEGER,
  told        INTEGER NOT NULL DEFAULT 0,
  UNIQUE (doc_id, hash)
);
CREATE INDEX quarantine_open ON quarantine (ticket) WHERE decision IS NULL;
CREATE INDEX quarantine_device ON quarantine (device_id) WHERE decision IS NOT NULL AND told < 3;

CREATE TABLE bundle (
  pid       TEXT PRIMARY KEY,
  n         INTEGER NOT NULL,
  upto_seq  INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  file      TEXT NOT NULL,
  sha256    BLOB NOT NULL,
  made_at   INTEGER NOT NULL
) WITHOUT ROWID;

-- Places that were imported: by external key, or by address and grid.
CREATE TABLE import_key (
  name     TEXT PRIMARY KEY,
  doc_id   BLOB NOT NULL,
  row_hash BLOB NOT NULL
) WITHOUT ROWID;

-- Append-only and hash-chained; no content and nothing about people but account names.
CREATE TABLE audit (
  n      INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  actor  TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  prev   BLOB NOT NULL,
  hash   BLOB NOT NULL
);

-- Projections: can be dropped and rebuilt from the changes to the same rows.
CREATE TABLE place_row (
  doc_id  BLOB PRIMARY KEY,
  pid     TEXT NOT NULL,
  kind    TEXT,
  address TEXT NOT NULL,
  name    TEXT NOT NULL,
  lat     REAL,
  lon     REAL,
  gen     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX place_row_pid ON place_row (pid, address);

CREATE TABLE visit_row (
  doc_id      BLOB PRIMARY KEY,
  pid         TEXT NOT NULL,
  place_id    BLOB NOT NULL,
  list        TEXT NOT NULL,
  status      TEXT NOT NULL,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  findings    INTEGER NOT NULL,
  gen         INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX visit_row_place ON visit_row (place_id, started_at);

CREATE TABLE finding_row (
  doc_id    BLOB NOT NULL,
  code      TEXT NOT NULL,
  place_id  BLOB NOT NULL,
  pid       TEXT NOT NULL,
  severity  TEXT NOT NULL,
  category  TEXT NOT NULL,
  lead      TEXT NOT NULL,
  raised_at INTEGER NOT NULL,
  PRIMARY KEY (doc_id, code)
) WITHOUT ROWID;

CREATE TABLE task_row (
  doc_id   BLOB PRIMARY KEY,
  pid      TEXT NOT NULL,
  place_id BLOB NOT NULL,
  status   TEXT NOT NULL,
  due_at   INTEGER,
  gen      INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE conflict_row (
  doc_id    BLOB NOT NULL,
  container TEXT NOT NULL,
  field     TEXT NOT NULL,
  pid       TEXT NOT NULL,
  kind      TEXT NOT NULL,
  rivals    TEXT NOT NULL,
  newest_at INTEGER NOT NULL,
  PRIMARY KEY (doc_id, container, field)
) WITHOUT ROWID;
