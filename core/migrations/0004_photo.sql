-- How a photo travels: the visit it belongs to, its upload at the server, how often it failed and when it is
-- tried again. A photo of an older app has no visit here: it is looked for when it is sent.

ALTER TABLE blob ADD COLUMN document BLOB;
ALTER TABLE blob ADD COLUMN upload TEXT;
ALTER TABLE blob ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;

-- Photos of other phones, looked at here: sealed files in `looked/`, the longest unseen leave first. A cache.
CREATE TABLE looked (
    sha256  BLOB NOT NULL,
    thumb   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (sha256, thumb)
) STRICT, WITHOUT ROWID;
