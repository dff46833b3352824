-- What each project counts for at three days: :d0 before the previous period, :d1 before the period,
-- :d2 its last day. Amounts count by the dates of their facts: the committee that granted, the day
-- of a payment, the day an expense was paid. Projects are those of the funds that :funder has a
-- share of, and those on its territory (:commune, :epci).
WITH latest AS (
  SELECT d.project, d.outcome, coalesce(d.amount, 0) AS amount,
         coalesce(c.held_on, d.stamp / 65536 / 86400000) AS day,
         row_number() OVER (PARTITION BY d.project ORDER BY d.stamp DESC, d.id >> 40 DESC) AS place
  FROM decision AS d LEFT JOIN committee AS c ON c.id = d.committee WHERE d.reversed IS NULL
),
paid AS (
  SELECT project, min(paid_on) AS first_on, max(paid_on) AS last_on, count(*) AS n,
         sum(iif(paid_on <= :d0, iif(kind = 'reversement', -amount, amount), 0)) AS p0,
         sum(iif(paid_on <= :d1, iif(kind = 'reversement', -amount, amount), 0)) AS p1,
         sum(iif(paid_on <= :d2, iif(kind = 'reversement', -amount, amount), 0)) AS p2
  FROM payment WHERE reversed IS NULL GROUP BY project
),
kept AS (
  SELECT e.project, coalesce(e.paid_on, e.invoice_on) AS day,
         max(0, coalesce(e.eligible_amount, e.amount) - coalesce((SELECT max(c.rejected)
           FROM control AS c WHERE c.about = e.id AND c.cancelled IS NULL), 0)) AS cents
  FROM expense AS e WHERE e.reversed IS NULL
),
spent AS (
  SELECT project, sum(iif(day <= :d0, cents, 0)) AS e0, sum(iif(day <= :d1, cents, 0)) AS e1,
         sum(iif(day <= :d2, cents, 0)) AS e2
  FROM kept GROUP BY project
)
SELECT p.id, p.fund, f.year, p.title,
       -- A collective of inhabitants is never named: the carrier stands for it.
       carrier.name AS carrier, coalesce(holder.name, carrier.name) AS holder,
       coalesce(p.main_theme, '') AS theme, coalesce(p.territories, '') AS territories,
       l.day AS granted_on,
       iif(p.cancelled IS NULL AND l.day <= :d0, l.amount, 0) AS g0,
       iif(p.cancelled IS NULL AND l.day <= :d1, l.amount, 0) AS g1,
       iif(p.cancelled IS NULL AND l.day <= :d2, l.amount, 0) AS g2,
       coalesce(paid.p0, 0), coalesce(paid.p1, 0), coalesce(paid.p2, 0),
       coalesce(spent.e0, 0), coalesce(spent.e1, 0), coalesce(spent.e2, 0),
       f.id IN (SELECT fund FROM share WHERE funder = :funder AND cancelled IS NULL) AS funded,
       coalesce(f.agreement_on, l.day) AS agreement_on, f.agreement_ref,
       coalesce(holder.siret, carrier.siret) AS siret, coalesce(holder.rna, carrier.rna) AS rna,
       paid.first_on, paid.last_on, coalesce(paid.n, 0) AS payments, p.end_on,
       EXISTS(SELECT 1 FROM report AS r WHERE r.project = p.id AND r.cancelled IS NULL
         AND r.received_on <= :d2) AS reported,
       coalesce((SELECT CAST(r.value AS INTEGER) FROM rule AS r WHERE r.code = 'delai-bilan'
         AND r.unit = 'jours' AND r.cancelled IS NULL AND (r.fund = f.id OR r.fund IS NULL)
         AND r.valid_from <= p.end_on AND (r.valid_to IS NULL OR r.valid_to >= p.end_on)
         ORDER BY r.fund IS NULL, r.valid_from DESC LIMIT 1), :delay) AS delay,
       coalesce((SELECT label FROM code WHERE nomenclature = 'theme' AND code = p.main_theme
         AND cancelled IS NULL ORDER BY id DESC LIMIT 1), label_of('theme', p.main_theme)) AS label
FROM project AS p JOIN fund AS f ON f.id = p.fund
JOIN organisation AS carrier ON carrier.id = f.carrier
LEFT JOIN organisation AS holder ON holder.id = p.holder_org AND p.holder_kind = 'association'
  AND holder.kind = 'association'
LEFT JOIN latest AS l ON l.project = p.id AND l.place = 1
  AND l.outcome IN ('accorde', 'accorde-en-partie')
LEFT JOIN paid ON paid.project = p.id LEFT JOIN spent ON spent.project = p.id
WHERE funded OR EXISTS (
    SELECT 1 FROM json_each('["' || replace(coalesce(p.territories, ''), ' ', '","') || '"]') AS t
    WHERE t.value <> '' AND ((:commune IS NOT NULL AND lies_in('commune', t.value, :commune))
       OR (:epci IS NOT NULL AND lies_in('epci', t.value, :epci))))
ORDER BY f.id, p.id
