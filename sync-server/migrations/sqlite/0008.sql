-- How every grid stands, kept: a grid's line is reckoned anew when one of its places changed or got too old,
-- not by reading every place of the city. Found out by triggers, so that no writer can forget it.

CREATE TABLE grid_row (
  pid     TEXT PRIMARY KEY,
  places  INTEGER NOT NULL,
  fresh   INTEGER NOT NULL,
  never   INTEGER NOT NULL,
  worst_1 INTEGER NOT NULL,
  worst_2 INTEGER NOT NULL,
  worst_3 INTEGER NOT NULL,
  worst_4 INTEGER NOT NULL,
  south   REAL,
  west    REAL,
  north   REAL,
  east    REAL,
  oldest  INTEGER
) WITHOUT ROWID;
CREATE INDEX grid_row_oldest ON grid_row (oldest) WHERE oldest IS NOT NULL;

-- Grids whose line does not hold any more.
CREATE TABLE grid_due (pid TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO grid_due SELECT DISTINCT pid FROM place_row;

CREATE TRIGGER place_row_added AFTER INSERT ON place_row BEGIN
  INSERT OR IGNORE INTO grid_due VALUES (new.pid);
END;
CREATE TRIGGER place_row_gone AFTER DELETE ON place_row BEGIN
  INSERT OR IGNORE INTO grid_due VALUES (old.pid);
END;
CREATE TRIGGER place_row_changed AFTER UPDATE ON place_row
WHEN old.pid <> new.pid OR old.last_visit IS NOT new.last_visit OR old.worst <> new.worst
  OR old.lat IS NOT new.lat OR old.lon IS NOT new.lon
BEGIN
  INSERT OR IGNORE INTO grid_due VALUES (old.pid);
  INSERT OR IGNORE INTO grid_due VALUES (new.pid);
END;
