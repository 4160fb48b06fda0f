-- Until when this phone works offline: the lease held (`current`), and older ones while work made under
-- them waits to be sent. A change keeps the number of the lease it was made under; 0: none.

CREATE TABLE lease (
    id         INTEGER PRIMARY KEY,
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    hand_in_by INTEGER NOT NULL,
    current    INTEGER NOT NULL
) STRICT;

ALTER TABLE change ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
