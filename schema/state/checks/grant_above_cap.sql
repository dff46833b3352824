-- code: plafond-depasse
-- gravite: bloquant
-- titre: Aide au-dessus du plafond
-- phrase: Le projet « {1} » a reçu {2} ; {3} fixe le plafond à {4} (action n° {5} du porteur).
-- The rules that count are those valid on the day of the decision; a fund's own go before those of
-- all funds. The rank of an action is its place among those of the same holder in the fund's year.
WITH latest AS (
  SELECT d.id, d.project, d.org, d.amount, d.stamp,
         coalesce(c.held_on, d.stamp / 65536 / 86400000) AS day,
         row_number() OVER (PARTITION BY d.project ORDER BY d.stamp DESC, d.id >> 40 DESC) AS place,
         d.outcome
  FROM decision AS d LEFT JOIN committee AS c ON c.id = d.committee
  WHERE d.reversed IS NULL
),
granted AS (
  SELECT l.id, l.org, l.amount, l.day, p.title, p.fund,
         CASE WHEN p.holder_org IS NULL AND p.holder_label IS NULL THEN 1 ELSE
           row_number() OVER (PARTITION BY f.year, coalesce(p.holder_org, folded(p.holder_label)),
             p.org ORDER BY l.day, l.stamp, l.id) END AS rank
  FROM latest AS l JOIN project AS p ON p.id = l.project JOIN fund AS f ON f.id = p.fund
  WHERE l.place = 1 AND l.outcome IN ('accorde', 'accorde-en-partie') AND p.cancelled IS NULL
    AND l.amount > 0
),
capped AS (
  SELECT g.*, r.value, coalesce(r.article, 'le règlement') AS article,
         row_number() OVER (PARTITION BY g.id
           ORDER BY r.fund IS NULL, r.code = 'plafond-action', r.valid_from DESC, r.id DESC) AS place
  FROM granted AS g JOIN rule AS r
    ON (r.fund = g.fund OR r.fund IS NULL) AND r.cancelled IS NULL AND r.unit = 'euros'
   AND r.valid_from <= g.day AND (r.valid_to IS NULL OR r.valid_to >= g.day)
   AND r.code IN ('plafond-action', iif(g.rank = 1, 'plafond-action-1', 'plafond-action-2'))
)
SELECT id, org, title, amount AS granted_cents, article, cents_of(value) AS cap_cents, rank
FROM capped WHERE place = 1 AND amount > cents_of(value)
ORDER BY id
