-- What one laptop keeps besides the journal and the state. Truth: nothing here can be derived.

-- Changes that no verified receipt covers yet, one row each, in order.
CREATE TABLE IF NOT EXISTS pending(
  seq    INTEGER PRIMARY KEY, -- of this device
  change BLOB NOT NULL        -- pic_change_put
) STRICT;

-- Segments made of pending changes. Forgetting a row here reopens it; nothing is lost by that.
CREATE TABLE IF NOT EXISTS sealed(
  last_seq  INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL UNIQUE,
  hash      BLOB NOT NULL, -- 32 bytes
  bytes     BLOB NOT NULL  -- as it travels
) STRICT;

-- Documents and sealed identities that this laptop has to hand over.
CREATE TABLE IF NOT EXISTS outgoing(
  hash BLOB PRIMARY KEY, -- 32 bytes
  size INTEGER NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0 CHECK(sent IN (0, 1)) -- the server holds it whole
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outgoing_unsent ON outgoing(size) WHERE sent = 0;

-- Receipts as the server signed them: the proof that can be exported.
CREATE TABLE IF NOT EXISTS proof(
  number    INTEGER NOT NULL, -- of the server; one restored from a backup may give it again
  time_ms   INTEGER NOT NULL, -- server time
  seq       INTEGER NOT NULL, -- head of this laptop's log
  changes   INTEGER NOT NULL, -- cumulated
  documents INTEGER NOT NULL, -- cumulated
  bytes     BLOB NOT NULL,    -- receipt.h
  PRIMARY KEY(time_ms, number)
) STRICT;

-- What this laptop's clock said when a receipt came; paper shows both times.
CREATE TABLE IF NOT EXISTS heard(
  time_ms  INTEGER NOT NULL, -- of the receipt, as in proof
  number   INTEGER NOT NULL,
  local_ms INTEGER NOT NULL, -- by this clock
  PRIMARY KEY(time_ms, number)
) STRICT, WITHOUT ROWID;

-- Segments of others that the server, put back from an older copy, is not known to hold.
CREATE TABLE IF NOT EXISTS owed(
  position INTEGER PRIMARY KEY -- in the journal here
) STRICT;

-- Ends of logs that gave way to what such a server holds in their place. Kept for ever.
CREATE TABLE IF NOT EXISTS aside(
  hash   BLOB PRIMARY KEY, -- 32 bytes
  device INTEGER NOT NULL, -- who wrote it
  count  INTEGER NOT NULL, -- changes in it
  bytes  BLOB NOT NULL     -- the segment, as signed
) STRICT, WITHOUT ROWID;

-- Requests written to a file that no reply has come back for yet: what reads the reply is in parts,
-- sealed to this laptop's own transport key, and each part goes once it has been used.
CREATE TABLE IF NOT EXISTS deposit(
  id      BLOB PRIMARY KEY, -- 16 bytes, in the head of the file
  time_ms INTEGER NOT NULL, -- by this clock
  own     INTEGER NOT NULL CHECK(own IN (0, 1)) -- asked for this laptop's own log
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deposit_part(
  id     BLOB NOT NULL REFERENCES deposit(id) ON DELETE CASCADE,
  part   INTEGER NOT NULL, -- 0, 1…
  sealed BLOB NOT NULL,
  PRIMARY KEY(id, part)
) STRICT, WITHOUT ROWID;

-- What was typed on a page and is not recorded yet, field by field: forgotten once it is.
CREATE TABLE IF NOT EXISTS draft(
  form     TEXT NOT NULL, -- path of the page
  field    TEXT NOT NULL, -- its option
  text     TEXT NOT NULL, -- as typed
  saved_ms INTEGER NOT NULL,
  PRIMARY KEY(form, field)
) STRICT, WITHOUT ROWID;
