-- What stands behind rows that no undo can take away any more is given up after some time.

ALTER TABLE dayboard.version
  ADD COLUMN settled boolean NOT NULL DEFAULT false,  -- cannot be taken back: what its rows stand for was given up
  ADD COLUMN gave_up boolean NOT NULL DEFAULT false,  -- rows of its delivery, whose keys settled deliveries hold, were given up
  ADD COLUMN lacks boolean NOT NULL DEFAULT false;    -- and are needed again: it must be loaded again
CREATE INDEX version_settled ON dayboard.version (project, dataset, period) WHERE settled;
CREATE INDEX version_unsettled ON dayboard.version (project, dataset, published_at) WHERE current AND NOT settled;
CREATE INDEX version_gave_up ON dayboard.version (project, dataset, period) WHERE gave_up;
CREATE INDEX version_kept ON dayboard.version (kept_rows, kept_keys) WHERE kept_rows IS NOT NULL;
