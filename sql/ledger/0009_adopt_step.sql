ALTER TABLE dayboard.step DROP CONSTRAINT step_kind_check;
ALTER TABLE dayboard.step ADD CONSTRAINT step_kind_check
  CHECK (kind IN ('fetch', 'load', 'publish', 'undo', 'diff', 'rollup', 'view', 'aggregate', 'check', 'cleanup', 'copy', 'follow', 'adopt'));
