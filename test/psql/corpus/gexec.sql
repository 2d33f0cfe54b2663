--# every cell is a statement
select 'select ' || x || ' as n' from generate_series(1, 3) x \gexec
--# rows and columns in order
select 'select 1 as a', 'select 2 as b' union all select 'select 3 as c', 'select 4 as d' \gexec
--# null is left out
select null union all select 'select 1 as a' \gexec
--# an error goes on
select 'select ' || x from (values ('1 as a'), ('nowhere'), ('2 as b')) v(x) \gexec
--# an error stops
\set ON_ERROR_STOP on
select 'select ' || x from (values ('1 as a'), ('nowhere'), ('2 as b')) v(x) \gexec
\echo not reached
--# no rows
select 'select 1' where false \gexec
\echo done
--# tables made
select format('create table t%s (x int)', x) from generate_series(1, 3) x \gexec
select relname from pg_class where relname ~ '^t\d$' order by 1;
--# echoed
\set ECHO all
select 'select 1 as a' \gexec
--# no result
create table t (x int) \gexec
\echo done
--# an error in the query
select nowhere \gexec
\echo done
--# several statements in a cell
select 'select 1 as a; select 2 as b' \gexec
--# statements are not read for variables
\set v 5
select 'select '':v'' as a' \gexec
--# row_count after
select 'select ' || x from generate_series(1, 3) x \gexec
\echo :ROW_COUNT
--# the results of the last query with settings
\pset format csv
select 'select 1 as a' from generate_series(1, 2) \gexec
