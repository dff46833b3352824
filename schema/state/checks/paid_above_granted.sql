-- code: paye-plus-qu-accorde
-- gravite: bloquant
-- titre: Payé plus qu'accordé
-- phrase: Le projet « {1} » a été payé {2} pour {3} accordés.
WITH paid AS (
  SELECT project, sum(iif(kind = 'reversement', -amount, amount)) AS cents
  FROM payment WHERE reversed IS NULL GROUP BY project
),
granted AS (
  SELECT p.id, p.org, p.title, paid.cents AS paid, coalesce((
      SELECT iif(d.outcome IN ('accorde', 'accorde-en-partie'), coalesce(d.amount, 0), 0)
      FROM decision AS d WHERE d.project = p.id AND d.reversed IS NULL AND p.cancelled IS NULL
      ORDER BY d.stamp DESC, d.id >> 40 DESC LIMIT 1), 0) AS granted
  FROM paid JOIN project AS p ON p.id = paid.project
)
SELECT id, org, title, paid AS paid_cents, granted AS granted_cents
FROM granted WHERE paid > granted ORDER BY id
