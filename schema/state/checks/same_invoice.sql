-- code: facture-en-double
-- gravite: bloquant
-- titre: Facture déjà présentée
-- phrase: {1} de {2} ({3}, {4}) {5}.
-- Each side reads of its own expense alone. What is declared as shared is one invoice.
WITH invoice AS (
  SELECT id, org, project, coalesce(shared_with, id) AS one, supplier, invoice_number, invoice_on,
         amount, receipt,
         coalesce(supplier_siren, folded(supplier)) || '/' || folded(invoice_number) || '/' ||
           invoice_on || '/' || amount AS same
  FROM expense WHERE reversed IS NULL
),
by_text AS (
  SELECT same FROM invoice WHERE folded(invoice_number) <> ''
  GROUP BY same HAVING count(DISTINCT one) > 1 AND count(DISTINCT project) > 1
),
by_document AS (
  SELECT receipt FROM invoice WHERE receipt IS NOT NULL
  GROUP BY receipt HAVING count(DISTINCT one) > 1 AND count(DISTINCT project) > 1
)
SELECT id, org,
       iif(same IN (SELECT same FROM by_text), 'La facture ', 'La photo de la facture ') ||
         iif(coalesce(invoice_number, '') = '', 'sans numéro', 'n° ' || invoice_number),
       supplier, invoice_on, amount AS invoice_cents,
       iif(same IN (SELECT same FROM by_text), 'est aussi présentée ailleurs',
           'sert aussi à une autre dépense')
FROM invoice
WHERE same IN (SELECT same FROM by_text) OR receipt IN (SELECT receipt FROM by_document)
ORDER BY id
