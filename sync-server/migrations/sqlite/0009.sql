-- What phones were given to work under offline: one row per scope and post, its end moved on at each sync.

CREATE TABLE lease (
  lease_id     INTEGER PRIMARY KEY,
  device_id    BLOB NOT NULL,
  author       BLOB NOT NULL,
  post         TEXT NOT NULL,
  grids        TEXT NOT NULL,
  areas        TEXT NOT NULL,
  from_counter INTEGER NOT NULL,
  not_before   INTEGER NOT NULL,
  not_after    INTEGER NOT NULL
);
CREATE INDEX lease_device ON lease (device_id, not_before);
