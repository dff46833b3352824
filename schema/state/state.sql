-- Derived tables: a function of the journal, and of nothing else. They are dropped and made again
-- whenever the shape of the state changes; entity tables come from the dictionary (row.c).

-- Every change that edited an entity after its creation: the way from a row to its signed changes.
CREATE TABLE history(
  entity INTEGER NOT NULL, -- id of the entity
  dot    INTEGER NOT NULL, -- the change
  PRIMARY KEY(entity, dot)
) STRICT, WITHOUT ROWID;

-- Changes that are kept without effect, and why. Nothing is ever removed from the journal.
CREATE TABLE quarantine(
  dot       INTEGER PRIMARY KEY,
  audience  INTEGER NOT NULL,
  status    INTEGER NOT NULL, -- a PIC_Q… status
  field     INTEGER NOT NULL, -- number of the field at fault; 0: the whole change
  waits_for INTEGER NOT NULL, -- the entity whose arrival will let it in; 0: none
  change    BLOB NOT NULL     -- pic_change_put
) STRICT;
CREATE INDEX quarantine_waits_for ON quarantine(waits_for) WHERE waits_for <> 0;

-- Fields of policy `choose` that hold different concurrent values: a person decides.
CREATE TABLE conflict(
  entity INTEGER NOT NULL, -- number in the dictionary
  id     INTEGER NOT NULL,
  field  INTEGER NOT NULL,
  PRIMARY KEY(id, field)
) STRICT, WITHOUT ROWID;

-- What one project's facts add up to, moved by the difference of each: a project with ten thousand
-- expenses costs no more than one with ten. Amounts in cents; no row where all is zero.
CREATE TABLE money(
  project  INTEGER PRIMARY KEY,
  paid     INTEGER NOT NULL, -- advances and balances less recoveries
  matched  INTEGER NOT NULL, -- of these, with a bank line
  eligible INTEGER NOT NULL  -- expenses, less what controls rejected
) STRICT;

-- The money ladder, one cell for each fund, funder, theme and territory, moved by differences.
-- Amounts in cents. funder 0: no share says who pays; theme or territory '': not given. The number
-- of projects stands in the cells of funder 0, at the project's first territory.
CREATE TABLE rollup(
  fund      INTEGER NOT NULL,
  funder    INTEGER NOT NULL,
  theme     TEXT NOT NULL,
  territory TEXT NOT NULL,
  projects  INTEGER NOT NULL,
  asked     INTEGER NOT NULL,
  granted   INTEGER NOT NULL,
  paid      INTEGER NOT NULL,
  justified INTEGER NOT NULL,
  matched   INTEGER NOT NULL,
  due       INTEGER NOT NULL,
  PRIMARY KEY(fund, funder, theme, territory)
) STRICT, WITHOUT ROWID;
