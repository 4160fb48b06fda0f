-- Two posts' visits of one place on one day are a joint visit, and a quick re-visit is one on purpose: neither is a visit
-- written twice. Rows made before this do not say whether they were quick; `rebuild-projections` makes them anew.
ALTER TABLE visit_row ADD COLUMN quick INTEGER NOT NULL DEFAULT 0;

DELETE FROM twin_row WHERE EXISTS (
  SELECT 1 FROM visit_row v JOIN visit_row w ON w.doc_id = twin_row.b WHERE v.doc_id = twin_row.a AND w.by_role <> v.by_role);
