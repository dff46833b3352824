-- code: enveloppe-depassee
-- gravite: bloquant
-- titre: Enveloppe dépassée
-- phrase: Le fonds « {1} » a accordé {2} pour une enveloppe de {3}.
WITH granted AS (SELECT fund, sum(granted) AS cents FROM rollup GROUP BY fund),
promised AS (
  SELECT fund, sum(coalesce(amount, 0)) AS cents FROM share WHERE cancelled IS NULL GROUP BY fund
)
SELECT f.id, f.org, f.name, g.cents AS granted_cents, coalesce(p.cents, 0) AS envelope_cents
FROM fund AS f JOIN granted AS g ON g.fund = f.id LEFT JOIN promised AS p ON p.fund = f.id
WHERE g.cents > coalesce(p.cents, 0)
ORDER BY f.id
