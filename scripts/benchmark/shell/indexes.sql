-- Its indexes. The third is on visit_ts despite its name, and visit_date has none: so it is there.
CREATE UNIQUE INDEX unique_user_daily_idx ON user_daily_visits (user_id, device_id, visit_ts);
CREATE INDEX user_daily_visits_visit_ts_desc_idx ON user_daily_visits (visit_ts DESC);
CREATE INDEX user_daily_visits_visit_date_desc_idx ON user_daily_visits (visit_ts DESC);
CREATE INDEX user_daily_visits_platform_null_idx ON user_daily_visits (platform) WHERE platform IS NULL;
