-- code: pic-sans-collectivite
-- gravite: attention
-- titre: PIC sans collectivité
-- phrase: Aucune commune, intercommunalité ni aucun département ne finance le fonds « {1} ».
SELECT f.id, f.org, f.name
FROM fund AS f
WHERE f.scheme = 'pic' AND f.cancelled IS NULL
  AND NOT EXISTS (SELECT 1 FROM share AS s JOIN organisation AS o ON o.id = s.funder
    WHERE s.fund = f.id AND s.cancelled IS NULL AND o.kind IN ('commune', 'epci', 'departement'))
ORDER BY f.id
