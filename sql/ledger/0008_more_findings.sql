ALTER TABLE dayboard.check_result
  ADD COLUMN more integer NOT NULL DEFAULT 0;  -- findings beyond those that are stored, counted up to 10,000 in all
