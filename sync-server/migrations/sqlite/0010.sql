-- Review beyond fields: what a merge took along (so that it can be taken back), pairs of visits, phones whose clock is off.

ALTER TABLE twin_decision ADD COLUMN took TEXT NOT NULL DEFAULT '';
CREATE INDEX twin_decision_b ON twin_decision (b);

-- Two visits of one place by one checklist, begun within a day: perhaps one. Kept with the projections.
INSERT OR IGNORE INTO twin_row (a, b, pid)
  SELECT v.doc_id, w.doc_id, v.pid FROM visit_row v JOIN visit_row w
    ON w.place_id = v.place_id AND w.list = v.list AND w.doc_id > v.doc_id
    AND w.started_at BETWEEN v.started_at - 86400000 AND v.started_at + 86400000
  JOIN doc d ON d.doc_id = v.doc_id AND d.state = 'live'
  JOIN doc e ON e.doc_id = w.doc_id AND e.state = 'live';

-- How far a phone's clock is from the server's, by the time it signed and the time it was received. Only phones that are
-- off by more than a minute have a row. noted_ms: the difference that a supervisor has taken note of.
CREATE TABLE device_clock (
  device_id BLOB PRIMARY KEY,
  ahead_ms  INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  noted_ms  INTEGER
) WITHOUT ROWID;

-- Grids were counted with places that were merged away.
INSERT OR IGNORE INTO grid_due SELECT DISTINCT p.pid FROM place_row p JOIN doc d ON d.doc_id = p.doc_id WHERE d.state = 'deleted';

-- Open findings that shall become a case, for the first page of those who file and dispatch; by department.
CREATE INDEX finding_row_cases ON finding_row (pid) WHERE open = 1 AND route = 'case';
CREATE INDEX finding_row_lead ON finding_row (lead, raised_at DESC, doc_id, code, pid, severity, due_at) WHERE open = 1;

-- Counting the trail of a day.
CREATE INDEX audit_at ON audit (at, success);
