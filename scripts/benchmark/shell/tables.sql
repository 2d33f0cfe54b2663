-- The original's raw table, as it stands after its migrations: one table, not partitioned.
CREATE TABLE user_daily_visits (
  user_id VARCHAR NOT NULL,
  device_id VARCHAR NOT NULL,
  visit_ts TIMESTAMPTZ NOT NULL,
  user_agent VARCHAR NOT NULL,
  instance VARCHAR NOT NULL,
  domain VARCHAR NOT NULL,
  platform VARCHAR,
  device_type VARCHAR,
  visit_date DATE
);
