-- Associations that carry the funder's funds, and how many of them have entered nothing since :since
-- (a stamp). What the server writes about them is not theirs.
WITH carriers AS (
  SELECT DISTINCT f.carrier AS id FROM fund AS f JOIN share AS s ON s.fund = f.id
  WHERE s.funder = :funder AND s.cancelled IS NULL AND f.cancelled IS NULL
),
entered AS (
  SELECT org, max(stamp) AS stamp FROM (
    SELECT org, stamp FROM project WHERE id >> 40 <> 1
    UNION ALL SELECT org, stamp FROM decision WHERE id >> 40 <> 1
    UNION ALL SELECT org, stamp FROM payment WHERE id >> 40 <> 1
    UNION ALL SELECT org, stamp FROM expense WHERE id >> 40 <> 1
    UNION ALL SELECT org, stamp FROM report WHERE id >> 40 <> 1)
  GROUP BY org
)
SELECT count(*), sum(coalesce(e.stamp, 0) < :since)
FROM carriers AS c LEFT JOIN entered AS e ON e.org = c.id
