-- What an undo needs, and names by which several projects with datasets of the same names share a database.

ALTER TABLE dayboard.version
  ADD COLUMN former integer,           -- the version that it replaced, which an undo brings back
  ADD COLUMN kept_rows text,           -- table in this schema with the rows that it took away from the former
  ADD COLUMN kept_keys text,           -- and with the keys that it changed
  ADD COLUMN undone_at timestamptz,
  ADD COLUMN undone_by text;
CREATE INDEX version_undone ON dayboard.version (project, dataset, period) WHERE undone_at IS NOT NULL;

DO $$
DECLARE
  found record;
  called text;
BEGIN
  FOR found IN SELECT * FROM dayboard.relation WHERE kind IN ('rollup', 'shadow', 'origin') LOOP
    called := replace(found.kind || '_' || found.project || '_' || found.owner, '-', '_');
    CONTINUE WHEN to_regclass(found.relation) IS DISTINCT FROM found.relation_oid;
    IF octet_length(called) > 63 THEN  -- as shortName cuts
      called := left(called, 50) || '_' || left(encode(sha256(convert_to(called, 'UTF8')), 'hex'), 12);
    END IF;
    EXECUTE format('ALTER TABLE %s RENAME TO %I', found.relation_oid::regclass, called);
    UPDATE dayboard.relation SET relation = 'dayboard.' || called
     WHERE project = found.project AND relation = found.relation;
  END LOOP;
END $$;

ALTER TABLE dayboard.step DROP CONSTRAINT step_kind_check;
ALTER TABLE dayboard.step ADD CONSTRAINT step_kind_check
  CHECK (kind IN ('fetch', 'load', 'publish', 'undo', 'diff', 'rollup', 'view', 'check'));
