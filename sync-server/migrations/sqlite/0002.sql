-- The console: what supervisors decided, and columns that lists, counts and maps are answered from.
-- Columns added here are filled when projections are rebuilt.

-- One row per decision about a field; the change it made. undone_*: somebody took it back.
CREATE TABLE decision (
  id        INTEGER PRIMARY KEY,
  doc_id    BLOB NOT NULL,
  container TEXT NOT NULL,
  field     TEXT NOT NULL,
  act       TEXT NOT NULL,
  chose     BLOB,
  change    BLOB NOT NULL,
  actor     TEXT NOT NULL,
  post      TEXT NOT NULL,
  at        INTEGER NOT NULL,
  undone_by TEXT,
  undone_at INTEGER
);
CREATE INDEX decision_field ON decision (doc_id, container, field, id);
CREATE INDEX decision_change ON decision (doc_id, change);

-- Places that may be the same; a < b. Kept with the projections.
CREATE TABLE twin_row (
  a   BLOB NOT NULL,
  b   BLOB NOT NULL,
  pid TEXT NOT NULL,
  PRIMARY KEY (a, b)
) WITHOUT ROWID;
CREATE INDEX twin_row_b ON twin_row (b);

-- What a person said about two places: 'different' or 'same' (b was merged into a).
CREATE TABLE twin_decision (
  a        BLOB NOT NULL,
  b        BLOB NOT NULL,
  decision TEXT NOT NULL,
  kept     BLOB,
  actor    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (a, b)
) WITHOUT ROWID;
CREATE INDEX twin_decision_kept ON twin_decision (kept) WHERE kept IS NOT NULL;

-- Checklists that were published, newest last. The product's own is not among them.
CREATE TABLE checklist (
  n            INTEGER PRIMARY KEY,
  version      TEXT NOT NULL,
  sha256       BLOB NOT NULL,
  yaml         TEXT NOT NULL,
  actor        TEXT NOT NULL,
  published_at INTEGER NOT NULL
);

ALTER TABLE place_row ADD COLUMN twin TEXT NOT NULL DEFAULT '';
ALTER TABLE place_row ADD COLUMN last_visit INTEGER;
ALTER TABLE place_row ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE place_row ADD COLUMN worst INTEGER NOT NULL DEFAULT 9;
ALTER TABLE place_row ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX place_row_updated ON place_row (updated_at, doc_id);
CREATE INDEX place_row_twin ON place_row (pid, twin) WHERE twin <> '';
CREATE INDEX place_row_address ON place_row (address, doc_id);
CREATE INDEX place_row_worst ON place_row (worst, pid, address, doc_id) WHERE worst < 9;
CREATE INDEX place_row_cover ON place_row (pid, last_visit, worst, lat, lon);

ALTER TABLE visit_row ADD COLUMN list_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visit_row ADD COLUMN by_role TEXT NOT NULL DEFAULT '';
ALTER TABLE visit_row ADD COLUMN cleared TEXT NOT NULL DEFAULT '';
ALTER TABLE visit_row ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX visit_row_updated ON visit_row (updated_at, doc_id);
CREATE INDEX visit_row_time ON visit_row (started_at DESC, doc_id, pid);
CREATE INDEX visit_row_pid ON visit_row (pid, started_at DESC, doc_id);

ALTER TABLE finding_row ADD COLUMN list TEXT NOT NULL DEFAULT '';
ALTER TABLE finding_row ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE finding_row ADD COLUMN title_zh TEXT NOT NULL DEFAULT '';
ALTER TABLE finding_row ADD COLUMN title_en TEXT NOT NULL DEFAULT '';
ALTER TABLE finding_row ADD COLUMN due_at INTEGER;
ALTER TABLE finding_row ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
CREATE INDEX finding_row_place ON finding_row (place_id);
CREATE INDEX finding_row_time ON finding_row (raised_at DESC, doc_id, code, pid);
CREATE INDEX finding_row_open ON finding_row (severity, raised_at DESC, doc_id, code, pid, due_at)
  WHERE open = 1;

CREATE INDEX conflict_row_new ON conflict_row (newest_at DESC, doc_id, container, field);
