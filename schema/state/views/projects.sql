-- Projects that a total of the ladder may be made of, in the order of their funds and numbers. What
-- each adds is computed by the rollup itself (ladder.c), which also leaves out funders and
-- territories that the filters do not let through. Parameters as in ladder.sql.
SELECT p.id
FROM project AS p JOIN fund AS f ON f.id = p.fund
WHERE (:programme IS NULL OR coalesce(f.programme, 0) = :programme)
  AND (:fund IS NULL OR f.id = :fund)
  AND (:year IS NULL OR f.year = :year)
  AND (:theme IS NULL OR coalesce(p.main_theme, '') = :theme)
ORDER BY f.id, p.id
