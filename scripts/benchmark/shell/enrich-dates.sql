-- The same for visit_date, which the insert has filled: it finds nothing, and has no index to see that with.
DO $$
DECLARE
  batch_rows INTEGER;
  rows_updated INTEGER := 0;
BEGIN
  LOOP
    WITH batch AS (
      SELECT ctid FROM user_daily_visits WHERE visit_date IS NULL LIMIT 10000
    )
    UPDATE user_daily_visits AS visits
    SET visit_date = visit_ts::DATE
    FROM batch
    WHERE visits.ctid = batch.ctid;
    GET DIAGNOSTICS batch_rows = ROW_COUNT;
    rows_updated := rows_updated + batch_rows;
    RAISE NOTICE 'rows updated: %/10000000', rows_updated;
    EXIT WHEN batch_rows = 0 OR rows_updated >= 10000000;
  END LOOP;
END $$;
