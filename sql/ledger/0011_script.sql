ALTER TABLE dayboard.step DROP CONSTRAINT step_kind_check;
ALTER TABLE dayboard.step ADD CONSTRAINT step_kind_check
  CHECK (kind IN ('fetch', 'load', 'publish', 'undo', 'diff', 'rollup', 'view', 'aggregate', 'check', 'cleanup', 'copy', 'follow', 'adopt', 'script'));

-- What a script was run with, and the end of what it wrote. Values that look like secrets are masked.
CREATE TABLE dayboard.script (
  run bigint PRIMARY KEY REFERENCES dayboard.run (id) ON DELETE CASCADE,
  script text NOT NULL,
  hash text NOT NULL,                  -- SHA-256 of the script and of what it includes
  variables jsonb NOT NULL,
  exit_code integer,                   -- psql's; NULL while it runs
  output text NOT NULL DEFAULT '',
  output_bytes bigint NOT NULL DEFAULT 0
);
