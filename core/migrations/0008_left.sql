-- A sync ends by taking away records that left: found without reading all the others.
CREATE INDEX doc_left ON doc (doc_id) WHERE state = 'left';
