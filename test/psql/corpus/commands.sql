--# timing on and off
\timing
\timing
\timing on
\timing off
\timing maybe
--# timing of statements
\timing on
select 1 as a;
insert into empty values (1);
select nowhere;
--# encoding
\encoding
\encoding LATIN1
\encoding
\encoding UTF8
\encoding nonsense
\echo :ENCODING
--# encoding in latin1 output
\encoding LATIN9
select 1 as a;
show client_encoding;
--# errverbose without an error
\errverbose
--# errverbose after an error
select nowhere from items;
\errverbose
--# errverbose after detail and hint
select fail('x');
\errverbose
select 1;
\errverbose
--# verbosity
\set VERBOSITY verbose
select nowhere;
\set VERBOSITY terse
select nowhere;
select fail('x');
\set VERBOSITY sqlstate
select fail('x');
\set VERBOSITY default
select fail('x');
--# context
\set SHOW_CONTEXT always
select shout('x');
\set SHOW_CONTEXT never
select fail('x');
\set SHOW_CONTEXT errors
select shout('y');
--# quit
\echo before
\q
\echo after
--# quit in a branch
\if true
\quit
\endif
\echo after
--# quit after an error
select nowhere;
\q
--# quit within a transaction
begin;
insert into empty values (1);
\q
--# a function's source
\sf add
\sf add(integer, integer)
\sf+ shout
\sf nowhere
\sf
\echo done
--# a function's source with many overloads
create function add(a text) returns text language sql as 'select a';
\sf add
\sf add(text)
--# a view's source
\sv cheap
\sv+ cheap
\sv items
\sv nowhere
--# an error stops sf
\set ON_ERROR_STOP on
\sf nowhere
\echo not reached
--# watch ends with an error
select 1/0 as a \watch 0.01
\echo done
--# bind | psql: 16
select $1 as a, $2::int + 1 as b \bind 'one' 2 \g
insert into empty values ($1) \bind 5 \g
select * from empty;
--# bind without parameters | psql: 16
select 1 as a \bind \g
select 2 as b;
--# parse and bind_named | psql: 18
select $1::int + 1 as a \parse plus
\bind_named plus 41 \g
\close_prepared plus
--# describe a table
\d items
\d empty
\d cheap
\d items_pkey
--# describe lists
\dt
\dv
\di
\ds
\df
\dn
--# describe what is not there
\d nowhere
\dt nowhere
\dn nowhere
\echo done
--# describe stops
\set ON_ERROR_STOP on
\dt nowhere
\echo reached
\d nowhere
\echo not reached
--# describe with patterns
\dt it*
\d *mp*
\df public.*
\dt "items"
\dt "ITEMS"
\dt ITEMS
\dt public.e?pty
--# describe verbose
\d+ items
\dt+ items
\df+ add
--# describe in other formats
\pset format csv
\dt
\d empty
\x
\dt
--# cd
\cd sub
\i inner.sql
\cd nosuchdirectory
\echo done
--# large results
select x, repeat('x', x % 50) as y from generate_series(1, 500) x;
--# set a client encoding with sql
set client_encoding = 'LATIN1';
\encoding
select 1;
