-- The last checkpoint of the record that witnesses cosigned.
CREATE TABLE witnessed (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    size BIGINT NOT NULL,
    note TEXT NOT NULL
);
