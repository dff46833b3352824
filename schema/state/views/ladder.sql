-- The money ladder by one dimension, under filters. One row a key, in the order of labels; the row
-- without a key holds what has none, so that the rows always add up to the whole. It reads the cells
-- of the rollup, the funds, shares and transfers, and no project.
--
-- :by   'tout', 'programme', 'fonds', 'financeur', 'theme', 'qpv', 'commune', 'epci' or 'annee'
-- other parameters filter; NULL lets all through, '' or 0 keeps what has none.
--
-- commune_of, epci_of, lies_in and label_of come from territories and nomenclatures (ladder.c).
WITH
-- Funds that the filters let through.
kept AS (
  SELECT id, programme, year, cancelled FROM fund
  WHERE (:programme IS NULL OR coalesce(programme, 0) = :programme)
    AND (:fund IS NULL OR id = :fund)
    AND (:year IS NULL OR year = :year)
),
-- What projects add up to. The number of projects stands in the cells of funder 0: a funder's
-- projects are those of the funds it has a share of.
cells AS (
  SELECT k.id AS fund, k.programme, k.year, r.funder, r.theme, r.territory,
         r.projects, r.asked, r.granted, r.paid, r.justified, r.matched, r.due
  FROM rollup AS r JOIN kept AS k ON k.id = r.fund
  WHERE (:theme IS NULL OR r.theme = :theme)
    AND (:qpv IS NULL OR r.territory = :qpv)
    AND (:commune IS NULL OR lies_in('commune', r.territory, :commune))
    AND (:epci IS NULL OR lies_in('epci', r.territory, :epci))
),
spent AS (
  SELECT CASE :by WHEN 'programme' THEN programme WHEN 'fonds' THEN fund
                  WHEN 'financeur' THEN nullif(funder, 0) WHEN 'theme' THEN nullif(theme, '')
                  WHEN 'qpv' THEN nullif(territory, '') WHEN 'commune' THEN commune_of(territory)
                  WHEN 'epci' THEN epci_of(territory) WHEN 'annee' THEN year END AS key,
         0 AS envelope, 0 AS transferred, 0 AS projects,
         asked, granted, paid, justified, matched, due
  FROM cells WHERE :funder IS NULL OR funder = :funder
),
counted AS (
  SELECT CASE :by WHEN 'programme' THEN programme WHEN 'fonds' THEN fund
                  WHEN 'theme' THEN nullif(theme, '')
                  WHEN 'qpv' THEN nullif(territory, '') WHEN 'commune' THEN commune_of(territory)
                  WHEN 'epci' THEN epci_of(territory) WHEN 'annee' THEN year END AS key,
         0 AS envelope, 0 AS transferred, projects,
         0 AS asked, 0 AS granted, 0 AS paid, 0 AS justified, 0 AS matched, 0 AS due
  FROM cells AS c
  WHERE funder = 0 AND projects <> 0 AND :by <> 'financeur'
    AND (:funder IS NULL
      OR (:funder <> 0) = EXISTS(SELECT 1 FROM share AS s WHERE s.fund = c.fund
           AND s.cancelled IS NULL AND (:funder = 0 OR s.funder = :funder)))
),
-- What funders promised and paid, which no theme and no territory can tell.
promised AS (
  SELECT CASE :by WHEN 'programme' THEN k.programme WHEN 'fonds' THEN k.id
                  WHEN 'financeur' THEN s.funder WHEN 'annee' THEN k.year END AS key,
         CASE WHEN s.cancelled IS NULL AND k.cancelled IS NULL
              THEN coalesce(s.amount, 0) ELSE 0 END AS envelope,
         (SELECT coalesce(sum(t.amount), 0) FROM transfer AS t
           WHERE t.share = s.id AND t.reversed IS NULL) AS transferred,
         0 AS projects, 0 AS asked, 0 AS granted, 0 AS paid, 0 AS justified, 0 AS matched,
         0 AS due
  FROM share AS s JOIN kept AS k ON k.id = s.fund
  WHERE (:funder IS NULL OR s.funder = :funder)
    AND :by IN ('tout', 'programme', 'fonds', 'financeur', 'annee')
    AND :theme IS NULL AND :qpv IS NULL AND :commune IS NULL AND :epci IS NULL
),
summed AS (
  SELECT key, sum(envelope) AS envelope, sum(transferred) AS transferred, sum(asked) AS asked,
         sum(granted) AS granted, sum(paid) AS paid, sum(justified) AS justified,
         sum(matched) AS matched, sum(due) AS due, sum(projects) AS projects
  FROM (SELECT * FROM spent UNION ALL SELECT * FROM counted UNION ALL SELECT * FROM promised)
  GROUP BY key
)
SELECT CAST(key AS TEXT),
       CASE :by WHEN 'programme' THEN (SELECT name FROM programme WHERE id = key)
                WHEN 'fonds' THEN (SELECT name FROM fund WHERE id = key)
                WHEN 'financeur' THEN (SELECT name FROM organisation WHERE id = key)
                WHEN 'theme' THEN coalesce((SELECT label FROM code WHERE nomenclature = 'theme'
                    AND code = key AND cancelled IS NULL ORDER BY id DESC LIMIT 1),
                  label_of('theme', key))
                ELSE label_of(:by, CAST(key AS TEXT)) END AS label,
       envelope, transferred, asked, granted, paid, justified, matched, due,
       envelope - granted, projects
FROM summed
WHERE envelope <> 0 OR transferred <> 0 OR asked <> 0 OR granted <> 0 OR paid <> 0
   OR justified <> 0 OR matched <> 0 OR due <> 0 OR projects <> 0
ORDER BY key IS NULL, label, key
