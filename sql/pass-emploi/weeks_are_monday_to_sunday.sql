-- I3: every event of the last two months has its day, and the Monday of it as its week.
SELECT date_evenement::date AS jour_de_l_evenement, jour, semaine, count(*) AS evenements
FROM public.evenement_engagement
WHERE date_evenement >= now() - INTERVAL '62 days'
  AND (
    semaine IS NULL OR jour IS NULL
    OR extract(isodow FROM semaine) <> 1 OR jour < semaine OR jour >= semaine + 7
    OR jour <> date_evenement::date
  )
GROUP BY 1, 2, 3
ORDER BY 1;
