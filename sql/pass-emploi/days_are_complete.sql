-- I1, I2: each day that was published in the last two months has as many events as its current version counted: those
-- that the source announced and sent, and those that it has forgotten since.
SELECT v.period AS jour, v.kept AS publies, e.evenements AS presents
FROM dayboard.version AS v
CROSS JOIN LATERAL (
  SELECT count(*) AS evenements
  FROM public.evenement_engagement
  WHERE jour = v.period::date
) AS e
WHERE v.project = 'pass-emploi' AND v.dataset = 'evenement_engagement' AND v.current
  AND v.period >= to_char(now() - INTERVAL '62 days', 'YYYY-MM-DD')
  AND e.evenements <> v.kept
ORDER BY 1;
