--# values of a row
select 1 as a, 'two' as b \gset
\echo :a :b
--# with a prefix
select 1 as a, 'two' as b \gset p_
\echo :p_a :p_b
--# null unsets
\set a before
select null as a \gset
\echo :a
--# no row
select 1 as a where false \gset
\echo :a
--# several rows
select x as a from generate_series(1, 2) x \gset
\echo :a
--# no row stops
\set ON_ERROR_STOP on
select 1 as a where false \gset
\echo not reached
--# no result
create table t (x int) \gset
insert into empty values (1) \gset
insert into empty values (2) returning x \gset
\echo :x
--# an error
select nowhere \gset
\echo :a
--# names that are no names of variables
select 1 as "a b", 2 as "c" \gset
\echo :c
--# special variables are not set without a prefix
select 'x' as "ON_ERROR_STOP" \gset
\echo :ON_ERROR_STOP
--# the previous statement again
select 5 as a;
\gset
\echo :a
--# with others together
select 1 as a \; select 2 as b \gset
\echo :a :b
--# a value with newlines and quotes
select E'it''s\ntwo' as v \gset
select :'v' as v;
--# the same name twice
select 1 as a, 2 as a \gset
\echo :a
--# row_count
select 1 as a \gset
\echo :ROW_COUNT
