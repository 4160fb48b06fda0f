-- Records that left this phone are kept out of sight until a backup off the server's host holds them: a server
-- put back to before may need them. A record that comes back takes its changes from here.

CREATE TABLE kept (
    doc_id   BLOB NOT NULL,
    hash     BLOB NOT NULL,
    raw      BLOB NOT NULL,
    status   INTEGER NOT NULL,
    pid      TEXT NOT NULL,
    move_gen INTEGER NOT NULL,
    PRIMARY KEY (doc_id, hash)
) STRICT, WITHOUT ROWID;

-- Changes the server said it has and no log has shown yet: late work on a record that left, work that waits for
-- review, an entry of the next page. It is asked about them at each sync. Once a backup reaches entry `seq` of
-- partition `pid` it holds the change; both are empty until an answer says where its log ended after the receipt.
CREATE TABLE claim (
    doc_id BLOB NOT NULL,
    hash   BLOB NOT NULL,
    pid    TEXT NOT NULL DEFAULT '',
    seq    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (doc_id, hash)
) STRICT, WITHOUT ROWID;
