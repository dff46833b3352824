-- Who pays a fund, in the order that the split follows (rollup.c).
SELECT funder, coalesce(rate, 0), coalesce(decision_ref, ''), decision_on FROM share
WHERE fund = :fund AND cancelled IS NULL ORDER BY id LIMIT 64
