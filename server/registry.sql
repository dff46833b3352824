-- Who may speak to this server. In journal.db, beside the segments: what an enrolment or an append
-- changes here commits with them. Certificates and retirements are also changes in the journal.

CREATE TABLE registry_device(
  number       INTEGER PRIMARY KEY,
  organisation INTEGER NOT NULL,      -- entity id
  role         INTEGER NOT NULL,      -- enum pic_role
  certified_ms INTEGER NOT NULL,      -- milliseconds since 1970
  signing_key   BLOB NOT NULL,        -- Ed25519
  transport_key BLOB NOT NULL UNIQUE, -- X25519: by which a request is recognised
  box_key      BLOB NOT NULL,         -- X25519 of the organisation's boxes; zero when not told
  label        TEXT NOT NULL,         -- what people call the computer
  program      INTEGER NOT NULL,      -- version told at enrolment
  entity       INTEGER NOT NULL,      -- id of its row in the state: the certificate as a change
  retired      INTEGER NOT NULL,      -- 0 or 1
  last_seq     INTEGER NOT NULL,      -- of a retired device: the last change that counts
  documents    INTEGER NOT NULL,      -- held for it
  documents_digest BLOB NOT NULL      -- running digest of them, see receipt.h
) STRICT;

CREATE TABLE registry_invitation(
  id           BLOB PRIMARY KEY,      -- derived from the code
  secret       BLOB NOT NULL,         -- derived from the code; proves that a laptop has it
  device       INTEGER NOT NULL UNIQUE, -- number reserved for whoever uses it
  organisation INTEGER NOT NULL,
  role         INTEGER NOT NULL,
  label        TEXT NOT NULL,         -- proposed name of the computer, or ''
  organisation_name TEXT NOT NULL,
  expires_ms   INTEGER NOT NULL,
  state        INTEGER NOT NULL       -- 0 open, 1 used, 2 revoked
) STRICT, WITHOUT ROWID;

-- Documents and boxes that changes name: what is wanted from whom, and who may read what.
CREATE TABLE registry_document(
  hash     BLOB NOT NULL,
  device   INTEGER NOT NULL,          -- author of a change that names it
  audience INTEGER NOT NULL,          -- of the log with that change
  held     INTEGER NOT NULL,          -- 1 once it is here, whole, and counted for this device
  PRIMARY KEY(hash, device, audience)
) STRICT, WITHOUT ROWID;
CREATE INDEX registry_document_wanted ON registry_document(device, hash) WHERE held = 0;

-- Digests of rows that no signature protects, so that a bit that flips in one is noticed and found.
CREATE TABLE registry_seal(
  kind INTEGER NOT NULL,              -- enum pic_seal
  key  ANY NOT NULL,                  -- primary key of the row
  hash BLOB NOT NULL,                 -- row_digest.h
  PRIMARY KEY(kind, key)
) STRICT, WITHOUT ROWID;
