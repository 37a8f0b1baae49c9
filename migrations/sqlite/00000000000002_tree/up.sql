-- The RFC 6962 tree over the record, and the last checkpoint that was signed.

-- Hashes of perfect subtrees, 256 a row: (0, n) holds leaves, (1, n) the roots of rows (0, 256 n) and following, and so
-- on. Rows of level 0 are written when they are full, the others grow.
CREATE TABLE tiles (
    level INTEGER NOT NULL,
    place BIGINT NOT NULL,
    width INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, place)
);

CREATE TABLE checkpoint (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    size BIGINT NOT NULL,
    note TEXT NOT NULL
);
