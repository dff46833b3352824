-- cles.db: the sealed identities of persons with the keys that open them, and nothing else. Erasing
-- a person is erasing one row here. Backed up apart from the rest, for a short time only.
CREATE TABLE box(
  hash  BLOB PRIMARY KEY, -- of the whole, as changes name it; 32 bytes
  state INTEGER NOT NULL, -- 0 awaited or in progress, 1 held, 2 erased
  total INTEGER NOT NULL, -- bytes announced; 0 before the first
  bytes BLOB NOT NULL     -- what has come so far; empty once erased
) STRICT, WITHOUT ROWID;
