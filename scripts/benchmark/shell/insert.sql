INSERT INTO user_daily_visits (user_id, device_id, visit_ts, user_agent, instance, domain, visit_date)
SELECT user_id, device_id, visit_ts, user_agent, instance, domain, visit_ts::DATE
FROM temp_user_daily_visits
ON CONFLICT DO NOTHING;
