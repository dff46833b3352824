-- journal: what this store holds and the order in which it became durable. Append-only; only
-- log_head and fact are ever updated.

CREATE TABLE segment (
    position  INTEGER PRIMARY KEY,                       -- 1, 2… in the order of becoming durable
    device    INTEGER NOT NULL CHECK (device > 0),       -- author; header of the segment
    audience  INTEGER NOT NULL CHECK (audience >= 0),    -- 0: all, 1: server, else an organisation
    first_seq INTEGER NOT NULL CHECK (first_seq > 0),    -- of its first change; header
    last_seq  INTEGER NOT NULL CHECK (last_seq >= first_seq), -- of its last change; header
    count     INTEGER NOT NULL CHECK (count > 0),        -- changes in it; header
    size      INTEGER NOT NULL CHECK (size = length(bytes)), -- bytes
    hash      BLOB NOT NULL CHECK (length(hash) = 32),   -- BLAKE2b-256 of header and body
    bytes     BLOB NOT NULL                              -- the segment as signed, last: lengths and
) STRICT;                                                -- heads are read without it

CREATE UNIQUE INDEX segment_log ON segment (device, audience, first_seq);
-- Holds all that paging through a feed needs, so that pages passed over cost no segment.
CREATE INDEX segment_feed ON segment (audience, position, device, size);

CREATE TABLE log_head (
    device   INTEGER NOT NULL,                           -- author
    audience INTEGER NOT NULL,                           -- as in segment
    seq      INTEGER NOT NULL,                           -- last_seq of the log's last segment
    hash     BLOB NOT NULL CHECK (length(hash) = 32),    -- of that segment
    changes  INTEGER NOT NULL,                           -- in the whole log
    PRIMARY KEY (device, audience)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
    device           INTEGER NOT NULL,                   -- whose log is receipted
    time_ms          INTEGER NOT NULL,                   -- server's clock, milliseconds since 1970
    number           INTEGER NOT NULL,                   -- counts the receipts of the server
    seq              INTEGER NOT NULL,                   -- head of the log
    head             BLOB NOT NULL CHECK (length(head) = 32), -- hash of the head's segment
    position         INTEGER NOT NULL,                   -- of that segment in the server's journal
    changes          INTEGER NOT NULL,                   -- cumulated, from this device
    documents        INTEGER NOT NULL,                   -- cumulated, held for this device
    documents_digest BLOB NOT NULL CHECK (length(documents_digest) = 32), -- see receipt.h
    PRIMARY KEY (device, time_ms, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipt_number ON receipt (number, time_ms);

CREATE TABLE fact (
    name  TEXT PRIMARY KEY,                              -- chosen by the program
    value BLOB NOT NULL                                  -- numbers: 8 bytes, little-endian
) STRICT, WITHOUT ROWID;
