-- code: parts-incompletes
-- gravite: attention
-- titre: Parts différentes de 100 %
-- phrase: Les parts des financeurs du fonds « {1} » font {2} en tout, et non 100 %.
SELECT f.id, f.org, f.name, sum(coalesce(s.rate, 0)) AS total_rate
FROM fund AS f JOIN share AS s ON s.fund = f.id AND s.cancelled IS NULL
WHERE f.cancelled IS NULL
GROUP BY f.id HAVING sum(coalesce(s.rate, 0)) <> 10000
ORDER BY f.id
