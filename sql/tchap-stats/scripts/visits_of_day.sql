-- name: visits_of_day
-- description: Visits and users of a day by platform, device type and instance, beside the same day of the week before
-- param day date = yesterday  Which day, in the time zone of the statistics
\set ON_ERROR_STOP on
\set QUIET on
\if :{?day}
\else
\set day yesterday
\endif
\set time_zone UTC
\getenv time_zone TCHAP_STATS_TIME_ZONE
SET TimeZone TO :'time_zone';

\pset title 'By platform and device type'
WITH visits AS (
  SELECT platform, device_type, user_id, visit_date = :'day'::date AS is_of_day
  FROM public.user_daily_visits
  -- The ranges let the server skip the partitions of other days.
  WHERE (visit_ts >= :'day'::date AND visit_ts < :'day'::date + 1)
     OR (visit_ts >= :'day'::date - 7 AND visit_ts < :'day'::date - 6)
),
counted AS (
  SELECT
    CASE WHEN grouping(platform) = 1 THEN 'all' ELSE coalesce(platform, 'not enriched') END AS platform,
    device_type,
    grouping(platform) AS is_total,
    count(*) FILTER (WHERE is_of_day) AS visits,
    count(DISTINCT user_id) FILTER (WHERE is_of_day) AS users,
    count(*) FILTER (WHERE NOT is_of_day) AS visits_week_before,
    count(DISTINCT user_id) FILTER (WHERE NOT is_of_day) AS users_week_before
  FROM visits
  GROUP BY GROUPING SETS ((platform, device_type), ())
)
SELECT
  :'day'::date AS day, platform, device_type, visits, users, visits_week_before, users_week_before,
  round(100.0 * (visits - visits_week_before) / nullif(visits_week_before, 0), 1) AS change_percent
FROM counted
ORDER BY is_total, visits DESC, platform, device_type;

\pset title 'By instance'
WITH visits AS (
  SELECT instance, user_id, visit_date = :'day'::date AS is_of_day
  FROM public.user_daily_visits
  WHERE (visit_ts >= :'day'::date AND visit_ts < :'day'::date + 1)
     OR (visit_ts >= :'day'::date - 7 AND visit_ts < :'day'::date - 6)
),
counted AS (
  SELECT
    instance,
    count(*) FILTER (WHERE is_of_day) AS visits,
    count(DISTINCT user_id) FILTER (WHERE is_of_day) AS users,
    count(*) FILTER (WHERE NOT is_of_day) AS visits_week_before
  FROM visits
  GROUP BY instance
)
SELECT
  instance, visits, users, visits_week_before,
  -- An instance that sent nothing is first.
  round(100.0 * (visits - visits_week_before) / nullif(visits_week_before, 0), 1) AS change_percent
FROM counted
ORDER BY visits = 0 DESC, visits DESC, instance;
