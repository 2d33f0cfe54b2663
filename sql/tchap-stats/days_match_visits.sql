-- A row for each whole day in the window whose visits differ between the raw rows and the aggregate, or whose parts
-- do not add up.
WITH bounds AS (
  SELECT (date_trunc('day', now() AT TIME ZONE :'time_zone') - INTERVAL '29 days') AT TIME ZONE :'time_zone' AS first_day
),
reference AS (
  SELECT date_trunc('day', visit_ts, :'time_zone') AS day, count(*) AS visits
  FROM public.user_daily_visits
  -- Written out, so that the server can skip older partitions.
  WHERE visit_ts >= (date_trunc('day', now() AT TIME ZONE :'time_zone') - INTERVAL '29 days') AT TIME ZONE :'time_zone'
  GROUP BY 1
),
aggregate AS (
  SELECT
    day,
    sum(visits_count) AS visits,
    sum(web_visits_count + mobile_visits_count + other_visits_count) AS parts
  FROM public.user_daily_visits_agg_30d_v2
  WHERE day >= (SELECT first_day FROM bounds)
  GROUP BY 1
)
SELECT
  (day AT TIME ZONE :'time_zone')::date AS day,
  coalesce(reference.visits, 0) AS visits_in_raw_rows,
  coalesce(aggregate.visits, 0) AS visits_in_aggregate,
  coalesce(aggregate.parts, 0) AS web_mobile_and_other
FROM reference
FULL JOIN aggregate USING (day)
WHERE coalesce(reference.visits, 0) <> coalesce(aggregate.visits, 0)
   OR coalesce(aggregate.visits, 0) <> coalesce(aggregate.parts, 0)
ORDER BY 1;
