-- How far each export of the record has come, and who feeds it.

CREATE TABLE export_cursors (
    name TEXT NOT NULL PRIMARY KEY,
    next_seq BIGINT NOT NULL,
    -- One server at a time, until lease_until unless it asks for more.
    holder TEXT,
    lease_until BIGINT,
    advanced_at BIGINT,
    -- Why nothing goes out just now, and since when.
    error TEXT,
    failing_since BIGINT
);
