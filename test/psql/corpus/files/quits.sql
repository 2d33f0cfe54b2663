\echo quitting
\q
\echo never
