-- Visits per day, user, instance and domain, of the 30 times 24 hours before the refresh.
SELECT
  date_trunc('day', visit_ts, :'time_zone') AS day,
  user_id,
  instance,
  domain,
  count(*) AS visits_count,
  count(*) FILTER (WHERE platform = 'Web') AS web_visits_count,
  count(*) FILTER (WHERE platform = 'Mobile') AS mobile_visits_count,
  count(*) FILTER (WHERE platform = 'Autre') AS other_visits_count
FROM public.user_daily_visits
WHERE visit_ts >= now() - INTERVAL '30 day'
GROUP BY 1, 2, 3, 4;
