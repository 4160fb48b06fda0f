-- Accounts: the register of areas, departments and posts, logins of the console, tokens of programs.
-- An account is a post's login name; nothing about the person who holds it is kept.

ALTER TABLE person ADD COLUMN retired_at INTEGER;

-- kind: area, department or post. Areas and departments have no role; an area's level and the area it lies
-- in follow from its code.
CREATE TABLE register (
  kind       TEXT NOT NULL,
  id         TEXT NOT NULL,
  title      TEXT NOT NULL,
  role       TEXT,
  areas      TEXT NOT NULL,
  department TEXT,
  retired_at INTEGER,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE login (
  person_id     TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  one_time      INTEGER NOT NULL,
  factor        BLOB,
  factor_step   INTEGER NOT NULL,
  failures      INTEGER NOT NULL,
  locked_until  INTEGER NOT NULL,
  changed_at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE api_token (
  name       TEXT PRIMARY KEY,
  token_hash BLOB NOT NULL UNIQUE,
  scopes     TEXT NOT NULL,
  made_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) WITHOUT ROWID;
