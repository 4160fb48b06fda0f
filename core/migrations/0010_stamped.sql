-- Where an answer ended: the chain there, and the server's own proof of it. What lies between two of these can
-- be offered to a restored server as one portion, however much was read since the last backup.
CREATE TABLE stamped (
    pid   TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    chain BLOB NOT NULL,
    stamp BLOB NOT NULL,
    PRIMARY KEY (pid, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO stamped (pid, seq, chain, stamp) SELECT pid, upto, chain, stamp FROM offer;
ALTER TABLE offer DROP COLUMN chain;
ALTER TABLE offer DROP COLUMN stamp;
INSERT OR IGNORE INTO stamped (pid, seq, chain, stamp)
    SELECT pid, seq, chain, stamp FROM part WHERE length(stamp) = 16 AND stamp <> zeroblob(16);
