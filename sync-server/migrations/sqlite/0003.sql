-- Phones: keys of two kinds, no token at rest (tokens are signed, not stored), and copies of a phone that
-- go on under a key of their own but write under the same pseudonym.

CREATE TABLE device_next (
  device_id    BLOB PRIMARY KEY,
  person_id    TEXT NOT NULL,
  public_key   BLOB NOT NULL,
  author       BLOB NOT NULL,
  install_id   BLOB NOT NULL,
  grids        TEXT NOT NULL,
  status       TEXT NOT NULL,
  max_counter  INTEGER NOT NULL,
  app          TEXT NOT NULL,
  enrolled_at  INTEGER NOT NULL,
  last_seen    INTEGER,
  renewed_from BLOB
);
INSERT INTO device_next (device_id, person_id, public_key, author, install_id, grids, status,
    max_counter, app, enrolled_at, last_seen)
  SELECT device_id, person_id, public_key, author, install_id, grids, status,
    max_counter, app, enrolled_at, last_seen FROM device;
DROP TABLE device;
ALTER TABLE device_next RENAME TO device;
CREATE INDEX device_author ON device (author, enrolled_at);
CREATE INDEX device_person ON device (person_id);
