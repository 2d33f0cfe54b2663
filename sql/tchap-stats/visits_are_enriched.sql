-- A row for each computed column that is NULL somewhere. The first two are answered by indexes; device_type is
-- computed together with platform, so looking at the last weeks is enough.
SELECT 'platform' AS column_name, count(*) AS rows
FROM public.user_daily_visits
WHERE platform IS NULL
HAVING count(*) > 0
UNION ALL
SELECT 'visit_date', count(*)
FROM public.user_daily_visits
WHERE visit_date IS NULL
HAVING count(*) > 0
UNION ALL
SELECT 'device_type', count(*)
FROM public.user_daily_visits
WHERE device_type IS NULL
  AND visit_ts >= now() - INTERVAL '35 days'
HAVING count(*) > 0;
