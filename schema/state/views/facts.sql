-- What a project's amounts are made of: decisions, payments and expenses, with their own numbers,
-- from which their history leads to signed changes. counts: whether the fact weighs in the totals.
WITH latest AS (
  SELECT id FROM decision WHERE project = :project AND reversed IS NULL
  ORDER BY stamp DESC, id >> 40 DESC LIMIT 1
)
SELECT 'decision', d.id, coalesce(c.held_on, d.stamp / 65536 / 86400000), d.outcome,
       CASE WHEN d.outcome IN ('accorde', 'accorde-en-partie') THEN coalesce(d.amount, 0) ELSE 0 END,
       d.id IN latest, d.reversed, d.stamp
FROM decision AS d LEFT JOIN committee AS c ON c.id = d.committee
WHERE d.project = :project
UNION ALL
SELECT 'payment', id, paid_on, kind, CASE kind WHEN 'reversement' THEN -amount ELSE amount END,
       reversed IS NULL, reversed, stamp
FROM payment WHERE project = :project
UNION ALL
SELECT 'expense', e.id, coalesce(e.paid_on, e.invoice_on), e.supplier,
       max(0, coalesce(e.eligible_amount, e.amount) - coalesce((SELECT max(c.rejected)
         FROM control AS c WHERE c.about = e.id AND c.cancelled IS NULL), 0)),
       e.reversed IS NULL, e.reversed, e.stamp
FROM expense AS e WHERE e.project = :project
ORDER BY 3, 8, 2
