-- The ledger: what dayboard knows of a project's deliveries, runs and derived relations.
-- Every table carries the project's name, so that several projects can share one database.

CREATE TABLE dayboard.relation (
  project text NOT NULL,
  relation text NOT NULL,              -- "schema.name" as created
  relation_oid oid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('raw', 'shadow', 'origin', 'rollup', 'published', 'view')),
  owner text NOT NULL,                 -- the dataset, rollup or view it belongs to
  definition_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project, relation)
);
COMMENT ON TABLE dayboard.relation IS 'Relations that dayboard made; anything else is never changed or dropped';

CREATE TABLE dayboard.object (
  project text NOT NULL,
  dataset text NOT NULL,
  period text NOT NULL,
  key text NOT NULL,
  size bigint NOT NULL,
  etag text NOT NULL,
  modified timestamptz NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  fetched_etag text,                   -- the ETag verified in the cache
  fetched_at timestamptz,
  PRIMARY KEY (project, dataset, period)
);
COMMENT ON TABLE dayboard.object IS 'What the last listing of the source saw, one object per delivery';

CREATE TABLE dayboard.listing (
  project text NOT NULL,
  source text NOT NULL,
  listed_at timestamptz,               -- the last time that it could be listed
  objects integer NOT NULL,
  error jsonb,
  PRIMARY KEY (project, source)
);

CREATE TABLE dayboard.run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text NOT NULL,
  context text NOT NULL,
  command text NOT NULL,               -- sync, fetch, import, refresh, check, schedule
  cli text NOT NULL,                   -- the same thing as a command line
  plan jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'partly', 'cancelled', 'interrupted')),
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  by_user text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  cancel text CHECK (cancel IN ('step', 'now')),
  cancelled_by text,
  outcome jsonb
);
CREATE INDEX run_recent ON dayboard.run (project, id DESC);
CREATE INDEX run_active ON dayboard.run (project) WHERE state = 'running';

CREATE TABLE dayboard.step (
  run bigint NOT NULL REFERENCES dayboard.run ON DELETE CASCADE,
  seq integer NOT NULL,
  project text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('fetch', 'load', 'publish', 'rollup', 'view', 'check')),
  target text NOT NULL,
  period text,
  state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'skipped', 'cancelled')),
  started_at timestamptz,
  finished_at timestamptz,
  rows bigint,
  bytes bigint,
  total_bytes bigint,
  detail jsonb NOT NULL DEFAULT '{}',
  error jsonb,
  PRIMARY KEY (run, seq)
);
CREATE INDEX step_cell ON dayboard.step (project, target, period, run DESC);
CREATE INDEX step_unsettled ON dayboard.step (project, target, period) WHERE state IN ('failed', 'running', 'queued');
CREATE INDEX step_duration ON dayboard.step (project, kind, target, finished_at DESC) WHERE state = 'done';

CREATE TABLE dayboard.event (
  run bigint NOT NULL REFERENCES dayboard.run ON DELETE CASCADE,
  seq integer NOT NULL,
  at timestamptz NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (run, seq)
);

CREATE TABLE dayboard.version (
  project text NOT NULL,
  dataset text NOT NULL,
  period text NOT NULL,
  version integer NOT NULL,
  run bigint REFERENCES dayboard.run ON DELETE SET NULL,
  current boolean NOT NULL,
  key text NOT NULL,
  size bigint NOT NULL,
  etag text NOT NULL,
  modified timestamptz NOT NULL,
  rows bigint NOT NULL,                -- rows the file held
  kept bigint NOT NULL,                -- rows of it after duplicates were taken out
  added bigint NOT NULL,               -- rows that the publish brought into the raw table
  removed bigint NOT NULL,             -- rows that it took out
  days jsonb NOT NULL,                 -- {"2024-11-14": 200000}: kept rows by their own day
  rules_hash text NOT NULL,
  findings jsonb NOT NULL DEFAULT '[]',-- guards that marked it
  published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (project, dataset, period, version)
);
CREATE UNIQUE INDEX version_current ON dayboard.version (project, dataset, period) WHERE current;

CREATE TABLE dayboard.owed (
  project text NOT NULL,
  name text NOT NULL,                  -- the rollup or view
  bucket text NOT NULL,                -- the bucket's first day, or 'all'
  why text NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (project, name, bucket)
);

CREATE TABLE dayboard.derived (
  project text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('rollup', 'view')),
  definition_hash text NOT NULL,
  refreshed_at timestamptz,
  run bigint REFERENCES dayboard.run ON DELETE SET NULL,
  rows bigint,
  through date,
  error jsonb,
  PRIMARY KEY (project, name)
);

CREATE TABLE dayboard.check_result (
  project text NOT NULL,
  name text NOT NULL,
  run bigint REFERENCES dayboard.run ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  verdict text NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail', 'unknown')),
  findings jsonb NOT NULL DEFAULT '[]',
  error jsonb,
  PRIMARY KEY (project, name, at)
);

CREATE TABLE dayboard.lock (
  project text NOT NULL,
  target text NOT NULL,                -- 'delivery user_daily_visits 2024-11-14', 'table …', 'rollup …', 'run 12'
  lock_key bigint NOT NULL,
  run bigint,
  backend_pid integer NOT NULL,
  by_user text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (project, target)
);
COMMENT ON TABLE dayboard.lock IS 'Who holds an advisory lock; pg_locks is the truth, a row without its lock is a dead holder''s';
