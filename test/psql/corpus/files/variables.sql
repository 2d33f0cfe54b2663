\set inside 'set in the file'
\echo :outside
