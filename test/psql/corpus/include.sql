--# i
\i insert.sql
\i 'insert.sql'
--# include
\include insert.sql
--# a file that is not there
\i nosuchfile.sql
select 1;
--# a file that is not there, stopping
\set ON_ERROR_STOP on
\i nosuchfile.sql
select 1;
--# relative to the file
\i sub/outer.sql
select line from log;
--# ir from the top
\ir sub/outer.sql
--# include_relative
\include_relative sub/inner.sql
--# no file
\i
\ir
select 1;
--# errors name the file and the line
\i broken.sql
select 'after';
--# an error in a file stops everything
\set ON_ERROR_STOP on
\i broken.sql
select 'never';
--# quit ends the file only
\i quits.sql
\echo after
--# variables go both ways
\set outside 'from outside'
\i variables.sql
\echo :inside
--# in the middle of a statement
select 1 as a,
\i insert.sql
2 as b;
--# a file that ends in a statement
\i half.sql
2 as b;
select 3;
--# an if that a file leaves open
\i unended.sql
\echo after
--# a variable as the name
\set file insert.sql
\i :file
--# settings stay
\pset format csv
\i insert.sql
--# several on a line
\i insert.sql \\ \i insert.sql
--# within a branch that is not taken
\if false
\i nosuchfile.sql
\endif
\echo done
