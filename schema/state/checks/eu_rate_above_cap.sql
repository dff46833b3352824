-- code: taux-europeen-depasse
-- gravite: bloquant
-- titre: Taux européen trop haut
-- phrase: L'opération {1} compte sur {2} d'Europe ; le programme « {3} » n'en permet que {4}.
SELECT o.id, o.org, o.code, o.eu_rate AS operation_rate, p.name, p.eu_max_rate AS cap_rate
FROM operation AS o JOIN programme AS p ON p.id = o.programme
WHERE o.cancelled IS NULL AND o.eu_rate > p.eu_max_rate
ORDER BY o.id
