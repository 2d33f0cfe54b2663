-- What was deleted at a source after it was loaded: from then on the target's is the only copy.

CREATE TABLE dayboard.cleanup (
  project text NOT NULL,
  dataset text NOT NULL,
  period text NOT NULL,
  run bigint NOT NULL REFERENCES dayboard.run ON DELETE CASCADE,
  rows bigint NOT NULL,
  place text NOT NULL,                 -- user@host:port/database and the relation
  at timestamptz NOT NULL DEFAULT clock_timestamp(), -- just before the deletion was committed at the source
  PRIMARY KEY (project, dataset, period, run)
);
COMMENT ON TABLE dayboard.cleanup IS 'Rows that were deleted at their source because they are proven loaded';

ALTER TABLE dayboard.step DROP CONSTRAINT step_kind_check;
ALTER TABLE dayboard.step ADD CONSTRAINT step_kind_check
  CHECK (kind IN ('fetch', 'load', 'publish', 'undo', 'diff', 'rollup', 'view', 'aggregate', 'check', 'cleanup', 'copy'));
