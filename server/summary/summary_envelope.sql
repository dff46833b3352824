-- What a funder promised to the funds of some years.
SELECT coalesce(sum(s.amount), 0) FROM share AS s JOIN fund AS f ON f.id = s.fund
WHERE s.funder = :funder AND s.cancelled IS NULL AND f.cancelled IS NULL
  AND f.year BETWEEN :first AND :last
