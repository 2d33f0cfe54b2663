-- Rows of somebody else's table, with the columns that the definition does not know.

ALTER TABLE dayboard.version
  ADD COLUMN kept_whole text;          -- table in this schema with the rows as they stood there
CREATE INDEX version_kept_whole ON dayboard.version (kept_whole) WHERE kept_whole IS NOT NULL;
