-- code: depense-hors-dates
-- gravite: attention
-- titre: Dépense hors des dates
-- phrase: La dépense de {1} chez {2} ({3}) est hors des dates {4}.
-- A report that moves the end moves it here too. Eligibility is about the day of payment.
WITH dated AS (
  SELECT e.id, e.org, e.amount, e.supplier, e.invoice_on, coalesce(e.paid_on, e.invoice_on) AS paid_on,
         p.start_on, max(coalesce(p.end_on, p.start_on), coalesce((SELECT max(r.new_end_on)
           FROM report AS r WHERE r.project = p.id AND r.cancelled IS NULL), -1)) AS end_on,
         g.eligible_from, g.eligible_to
  FROM expense AS e JOIN project AS p ON p.id = e.project JOIN fund AS f ON f.id = p.fund
  LEFT JOIN programme AS g ON g.id = f.programme
  WHERE e.reversed IS NULL
)
SELECT id, org, amount AS expense_cents, supplier, invoice_on,
       iif(invoice_on < start_on OR invoice_on > end_on, 'du projet', 'admises par le programme')
FROM dated
WHERE invoice_on < start_on OR invoice_on > end_on OR paid_on < eligible_from
   OR paid_on > eligible_to
ORDER BY id
