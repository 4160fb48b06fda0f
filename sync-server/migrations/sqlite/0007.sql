-- Photos. The bytes lie in a folder by their hash. `file` says which are whole, `upload` which are on their
-- way; `photo_row` is a projection: which visit shows which photo, and whether its file is here.

CREATE TABLE file (
  sha256      BLOB PRIMARY KEY,
  bytes       INTEGER NOT NULL,
  media       TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  device_id   BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE upload (
  upload_id  BLOB PRIMARY KEY,
  device_id  BLOB NOT NULL,
  sha256     BLOB NOT NULL,
  doc_id     BLOB NOT NULL,
  media      TEXT NOT NULL,
  bytes      INTEGER NOT NULL,
  arrived    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX upload_device ON upload (device_id, sha256);
CREATE INDEX upload_expiry ON upload (expires_at);

CREATE TABLE photo_row (
  doc_id  BLOB NOT NULL,
  sha256  BLOB NOT NULL,
  pid     TEXT NOT NULL,
  finding TEXT,
  at      INTEGER NOT NULL,
  here    INTEGER NOT NULL,
  PRIMARY KEY (doc_id, sha256)
) WITHOUT ROWID;
CREATE INDEX photo_row_file ON photo_row (sha256);
CREATE INDEX photo_row_missing ON photo_row (pid) WHERE here = 0;
