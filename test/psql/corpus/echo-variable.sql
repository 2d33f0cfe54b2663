--# all
\set ECHO all
select 1 as a;
-- a comment
select 2
  as b;
\echo hello
insert into empty values (1);
--# queries
\set ECHO queries
select 1 as a; select 2 as b;
-- a comment
select 3 /* c */
  as c -- d
;
\echo hello
--# errors
\set ECHO errors
select 1 as a;
select nowhere;
--# none
\set ECHO all
\set ECHO none
select 1 as a;
--# queries with variables
\set ECHO queries
\set v 1
select :v as a, :'v' as b;
--# queries with g
\set ECHO queries
select 1 as a \g
select 2 as b \gset
\g
--# all with copy data
\set ECHO all
copy empty from stdin;
1
\.
select count(*) from empty;
--# all in a branch that is not taken
\set ECHO all
\if false
select 1;
\else
select 2;
\endif
--# all with an included file
\set ECHO all
\i insert.sql
--# all on the command line | args: -a
select 1 as a;
\echo hello
--# queries on the command line | args: -e
select 1 as a;
--# errors on the command line | args: -b
select nowhere;
select 1;
--# quiet on the command line | args: -q
select 1 as a;
insert into empty values (1);
\t
--# together
\set ECHO queries
select 1 as a\; select 2 as b;
