-- Tables that are computed period by period: which periods are, from what, and by which run.

CREATE TABLE dayboard.computed (
  project text NOT NULL,
  name text NOT NULL,                  -- the aggregate
  period date NOT NULL,                -- the period's first day
  definition_hash text NOT NULL,
  rows bigint NOT NULL,
  content text NOT NULL,               -- of its rows: another text whenever a row is another
  run bigint REFERENCES dayboard.run ON DELETE SET NULL,
  computed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (project, name, period)
);
COMMENT ON TABLE dayboard.computed IS 'Periods of aggregates that hold rows; what is due and not here is owed';

ALTER TABLE dayboard.derived DROP CONSTRAINT derived_kind_check;
ALTER TABLE dayboard.derived ADD CONSTRAINT derived_kind_check CHECK (kind IN ('rollup', 'view', 'aggregate'));

ALTER TABLE dayboard.relation DROP CONSTRAINT relation_kind_check;
ALTER TABLE dayboard.relation ADD CONSTRAINT relation_kind_check
  CHECK (kind IN ('raw', 'shadow', 'origin', 'rollup', 'published', 'view', 'aggregate'));

ALTER TABLE dayboard.step DROP CONSTRAINT step_kind_check;
ALTER TABLE dayboard.step ADD CONSTRAINT step_kind_check
  CHECK (kind IN ('fetch', 'load', 'publish', 'undo', 'diff', 'rollup', 'view', 'aggregate', 'check'));
