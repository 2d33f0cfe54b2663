-- The two materialized views, without a unique index, and the monthly table.
CREATE MATERIALIZED VIEW user_daily_visits_agg_30d_v2 AS
SELECT
  date_trunc('day', visit_ts) AS day,
  user_id,
  instance,
  domain,
  COUNT(*) AS visits_count,
  COUNT(CASE WHEN platform = 'Web' THEN 1 END) AS web_visits_count,
  COUNT(CASE WHEN platform = 'Mobile' THEN 1 END) AS mobile_visits_count,
  COUNT(CASE WHEN platform = 'Autre' THEN 1 END) AS other_visits_count
FROM user_daily_visits
WHERE visit_ts >= NOW() - INTERVAL '30 day'
GROUP BY day, user_id, instance, domain
WITH NO DATA;

CREATE MATERIALIZED VIEW user_daily_visits_by_month_1y_v3 AS
SELECT
  user_id,
  date_trunc('month', visit_date)::DATE AS month,
  device_id,
  instance,
  domain,
  device_type,
  platform
FROM user_daily_visits
WHERE visit_date >= NOW() - INTERVAL '12 month'
  AND device_type <> 'Autre'
GROUP BY 1, 2, 3, 4, 5, 6, 7
WITH NO DATA;

CREATE INDEX ON user_daily_visits_by_month_1y_v3 (month);
CREATE INDEX ON user_daily_visits_by_month_1y_v3 (device_id);
CREATE INDEX ON user_daily_visits_by_month_1y_v3 (user_id);
CREATE INDEX ON user_daily_visits_by_month_1y_v3 (instance);
CREATE INDEX ON user_daily_visits_by_month_1y_v3 (domain);
CREATE INDEX ON user_daily_visits_by_month_1y_v3 (device_type);
CREATE INDEX ON user_daily_visits_by_month_1y_v3 (platform);

CREATE TABLE user_monthly_visits_lite (
  user_id VARCHAR NOT NULL,
  visit_date DATE NOT NULL,
  instance VARCHAR NOT NULL,
  domain VARCHAR NOT NULL
);
CREATE UNIQUE INDEX ON user_monthly_visits_lite (user_id, visit_date);
CREATE INDEX ON user_monthly_visits_lite (visit_date, instance);
