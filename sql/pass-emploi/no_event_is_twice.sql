-- I2: no event of the last two months is there twice.
SELECT id, date_evenement, count(*) AS fois
FROM public.evenement_engagement
WHERE date_evenement >= now() - INTERVAL '62 days'
GROUP BY 1, 2
HAVING count(*) > 1
ORDER BY 2, 1;
