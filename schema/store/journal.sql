-- The journal: what this program holds, in the order it became durable. Nothing here is derived.

CREATE TABLE segment(
  position  INTEGER PRIMARY KEY, -- place in this journal, ascending with time
  device    INTEGER NOT NULL,    -- author
  audience  INTEGER NOT NULL,    -- 0: everybody; 1: the central team; else an organisation's id
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,
  count     INTEGER NOT NULL,    -- changes
  hash      BLOB NOT NULL,       -- BLAKE2b-256 of header and body
  bytes     BLOB NOT NULL        -- the whole segment, as it was signed
) STRICT;
CREATE UNIQUE INDEX segment_log ON segment(device, audience, last_seq);
CREATE INDEX segment_feed ON segment(audience, position);

-- Where each log stands.
CREATE TABLE log_head(
  device   INTEGER NOT NULL,
  audience INTEGER NOT NULL,
  seq      INTEGER NOT NULL, -- of its last change
  hash     BLOB NOT NULL,    -- of its last segment
  changes  INTEGER NOT NULL, -- in the whole log
  PRIMARY KEY(device, audience)
) STRICT, WITHOUT ROWID;

-- Receipts: issued by the server, verified and kept by the agent. Facts only: the signature follows
-- from them (receipt.h), the agent keeps the signed bytes.
CREATE TABLE receipt(
  number    INTEGER PRIMARY KEY,
  device    INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  head      BLOB NOT NULL,
  position  INTEGER NOT NULL,
  time_ms   INTEGER NOT NULL, -- server time, milliseconds since 1970
  changes   INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  documents_digest BLOB NOT NULL
) STRICT;
CREATE INDEX receipt_device ON receipt(device, number);

-- Small named facts of this store.
CREATE TABLE fact(
  name  TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
