-- code: solde-sans-bilan
-- gravite: bloquant
-- titre: Solde payé sans bilan
-- phrase: Le solde de {1} du projet « {2} » a été payé le {3} sans bilan.
SELECT y.id, y.org, y.amount AS balance_cents, p.title, y.paid_on
FROM payment AS y JOIN project AS p ON p.id = y.project
WHERE y.kind = 'solde' AND y.reversed IS NULL
  AND NOT EXISTS (SELECT 1 FROM report AS r WHERE r.project = p.id AND r.cancelled IS NULL
    AND r.received_on IS NOT NULL)
ORDER BY y.id
