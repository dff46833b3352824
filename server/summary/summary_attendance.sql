-- Grids of the people who came, during the period, to projects of the funder's funds.
SELECT a.grid FROM attendance AS a JOIN project AS p ON p.id = a.project
WHERE a.cancelled IS NULL AND a.moment = 'realise' AND a.grid IS NOT NULL AND p.cancelled IS NULL
  AND coalesce(a.held_on, p.end_on, p.start_on) BETWEEN :first AND :last
  AND p.fund IN (SELECT fund FROM share WHERE funder = :funder AND cancelled IS NULL)
