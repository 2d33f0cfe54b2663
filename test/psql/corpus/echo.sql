--# words
\echo one   two three
--# nothing
\echo
\echo ''
--# without a newline
\echo -n one
\echo -n ' ' two
\echo
\echo one -n
--# to stderr
\warn careful
\warn -n no newline
\warn
--# to the query output
\qecho here
\o out.txt
\qecho there
\echo not there
\o
--# quotes and variables
\set v 'a  b'
\echo :v ':v' :'v' :"v"
\echo 'single ''quotes''' "double"
--# semicolons
\echo a;b ;
--# a comment is text
\echo a -- b
\echo a /* b */
--# in the middle of a statement
select 1 as a,
\echo now
2 as b;
--# tabs and newlines
\echo 'a\tb\nc'
--# a trailing backslash pair
\echo one \\
\echo two
