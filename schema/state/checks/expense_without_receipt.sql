-- code: depense-sans-justificatif
-- gravite: attention
-- titre: Dépense sans justificatif
-- phrase: La dépense de {1} chez {2} ({3}) n'a pas de justificatif.
SELECT e.id, e.org, e.amount AS expense_cents, e.supplier, e.invoice_on
FROM expense AS e
WHERE e.reversed IS NULL AND e.receipt IS NULL
  AND NOT EXISTS (SELECT 1 FROM document AS d WHERE d.about = e.id AND d.cancelled IS NULL)
ORDER BY e.id
