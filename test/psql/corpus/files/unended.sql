\if true
\echo in the open branch
