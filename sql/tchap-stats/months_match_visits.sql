-- A row for each month, of this one and the three before, whose users differ between the raw rows and the aggregate.
WITH bounds AS (
  SELECT
    (date_trunc('month', now() AT TIME ZONE :'time_zone') - INTERVAL '3 months')::date AS first_month,
    (now() AT TIME ZONE :'time_zone')::date AS today
),
reference AS (
  SELECT date_trunc('month', visit_date::timestamp)::date AS month, count(DISTINCT user_id) AS users
  FROM public.user_daily_visits
  -- The first condition lets the server skip older partitions; the second one is exact.
  WHERE visit_ts >= date_trunc('month', now(), :'time_zone') - INTERVAL '3 months 2 days'
    AND visit_date >= (SELECT first_month FROM bounds)
    AND device_type <> 'Autre'
  GROUP BY 1
),
aggregate AS (
  SELECT month AS month, count(DISTINCT user_id) AS users
  FROM public.user_daily_visits_by_month_1y_v3
  WHERE month >= (SELECT first_month FROM bounds)
  GROUP BY 1
)
SELECT
  month,
  coalesce(reference.users, 0) AS users_in_visits,
  coalesce(aggregate.users, 0) AS users_in_aggregate,
  coalesce(reference.users, 0) - coalesce(aggregate.users, 0) AS difference
FROM reference
FULL JOIN aggregate USING (month)
WHERE month <= (SELECT today FROM bounds)
  AND coalesce(reference.users, 0) <> coalesce(aggregate.users, 0)
ORDER BY month;
