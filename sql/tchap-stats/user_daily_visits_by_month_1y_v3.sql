-- Users, devices and device types of each month, of the year before the refresh.
SELECT
  user_id,
  date_trunc('month', visit_date::timestamp)::date AS month,
  device_id,
  instance,
  domain,
  device_type,
  platform
FROM public.user_daily_visits
WHERE visit_date >= now() - INTERVAL '12 month'
  AND device_type <> 'Autre'
GROUP BY 1, 2, 3, 4, 5, 6, 7;
