-- name: user_history
-- description: When somebody used Tchap and with what, for support; shows neither the user nor their devices
-- param user text secret  The user_id, as it is in the files
-- param days integer = 90  How many days back
\set ON_ERROR_STOP on
\set QUIET on
\if :{?days}
\else
\set days 90
\endif
\set time_zone UTC
\getenv time_zone TCHAP_STATS_TIME_ZONE
SET TimeZone TO :'time_zone';

\pset title 'Devices'
SELECT
  -- A device is named by its rank: its id is nobody's to read here.
  row_number() OVER (ORDER BY min(visit_date), device_id) AS device,
  string_agg(DISTINCT platform, ', ') AS platform,
  string_agg(DISTINCT device_type, ', ') AS device_types,
  string_agg(DISTINCT instance, ', ') AS instances,
  min(visit_date) AS first_day,
  max(visit_date) AS last_day,
  count(DISTINCT visit_date) AS days
FROM public.user_daily_visits
WHERE user_id = :'user'
  AND visit_ts >= current_date - :'days'::integer
GROUP BY device_id
ORDER BY device;

\pset title 'Weeks'
SELECT
  date_trunc('week', visit_date::timestamp)::date AS week,
  count(DISTINCT visit_date) AS days,
  count(DISTINCT device_id) AS devices,
  string_agg(DISTINCT platform, ', ') AS platforms
FROM public.user_daily_visits
WHERE user_id = :'user'
  AND visit_ts >= current_date - :'days'::integer
GROUP BY week
ORDER BY week;
