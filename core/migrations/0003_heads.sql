-- `local_heads` are the heads after change `heads_k`. Changes after it were made here, each upon the
-- one before, so the last of them is then the only head: an edit need not touch the row of its document.

ALTER TABLE doc ADD COLUMN heads_k INTEGER NOT NULL DEFAULT 0;
UPDATE doc SET heads_k = coalesce((SELECT max(k) FROM change c WHERE c.doc_id = doc.doc_id), 0);
