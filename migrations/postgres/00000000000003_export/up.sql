-- How far each export of the record has come, and who feeds it.

CREATE TABLE export_cursors (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    next_seq BIGINT NOT NULL,
    -- One server at a time, until lease_until unless it asks for more.
    holder TEXT COLLATE "C",
    lease_until BIGINT,
    advanced_at BIGINT,
    -- Why nothing goes out just now, and since when.
    error TEXT COLLATE "C",
    failing_since BIGINT
);
