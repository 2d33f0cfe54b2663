INSERT INTO user_monthly_visits_lite (user_id, visit_date, instance, domain)
SELECT DISTINCT ON (user_id, month) user_id, date_trunc('month', visit_date)::DATE AS month, instance, domain
FROM user_daily_visits
WHERE visit_date >= CURRENT_DATE - INTERVAL '30 day'
  AND device_type <> 'Autre'
ON CONFLICT (user_id, visit_date) DO NOTHING;
