-- Identities whose time is up: ?1 is today, in days since 1970, ?2 the months where no rule says.
-- One row each: id, entity ('participant' or 'project'), title, last day of the action, day due.
WITH months(scheme, n) AS (
  SELECT coalesce(scheme, ''), max(months) FROM retention WHERE cancelled IS NULL GROUP BY 1
), person(id, entity, title, scheme, ended) AS (
  SELECT a.id, 'participant', coalesce(p.title, o.name, ''), coalesce(f.scheme, ''),
         coalesce(a.left_on, p.end_on, o.end_on, p.start_on, a.entered_on)
    FROM participant AS a
    LEFT JOIN project AS p ON p.id = a.about
    LEFT JOIN operation AS o ON o.id = a.about
    LEFT JOIN fund AS f ON f.id = p.fund
   WHERE a.identity IS NOT NULL
  UNION ALL
  SELECT p.id, 'project', p.title, coalesce(f.scheme, ''), coalesce(p.end_on, p.start_on)
    FROM project AS p LEFT JOIN fund AS f ON f.id = p.fund
   WHERE p.holder_person IS NOT NULL
), dated AS (
  SELECT person.*,
         CAST(strftime('%s', date(ended * 86400, 'unixepoch', '+' ||
           coalesce((SELECT n FROM months WHERE scheme = person.scheme AND scheme <> ''),
                    (SELECT n FROM months WHERE scheme = ''), ?2) || ' months')) AS INTEGER)
           / 86400 AS due
    FROM person
   WHERE ended IS NOT NULL AND id NOT IN (SELECT about FROM erasure)
)
SELECT id, entity, title, ended, due FROM dated WHERE due <= ?1 ORDER BY due, id
