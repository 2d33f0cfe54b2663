-- Tables of somebody else's that are taken over into partitions, and how far each is.

CREATE TABLE dayboard.adoption (
  project text NOT NULL,
  dataset text NOT NULL,
  state text NOT NULL CHECK (state IN ('copying', 'copied', 'switched', 'finished', 'returned')),
  relation text NOT NULL,              -- "schema.name", the original's before the switch and the partitioned one's after it
  original_oid oid NOT NULL,
  replacement_oid oid NOT NULL,
  columns_hash text NOT NULL,          -- of the original's columns when the copying began
  definition_hash text NOT NULL,
  renamed jsonb NOT NULL DEFAULT '[]', -- what the switch renamed, to be taken back: [{"kind": "index", "from": "a_idx", "to": "a_idx_before_dayboard"}]
  by_user text NOT NULL,
  host text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  switched_at timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (project, dataset)
);
COMMENT ON TABLE dayboard.adoption IS 'Tables taken over into partitions; a row without finished_at is one under way';

CREATE TABLE dayboard.adoption_part (
  project text NOT NULL,
  dataset text NOT NULL,
  first_day date NOT NULL,             -- the first part reaches back without end, the last one forward
  next_day date NOT NULL,
  rows bigint,
  seen pg_snapshot,                    -- what its copy saw of the original; later changes are in the log
  PRIMARY KEY (project, dataset, first_day),
  FOREIGN KEY (project, dataset) REFERENCES dayboard.adoption ON DELETE CASCADE
);
COMMENT ON TABLE dayboard.adoption_part IS 'The days of a table that is taken over, in the pieces in which they are copied';
