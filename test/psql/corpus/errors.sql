--# on without stopping
select nowhere;
select 1 as a;
--# stop
\set ON_ERROR_STOP on
select 1 as a;
select nowhere;
select 2 as b;
--# stop by the command line | args: -v ON_ERROR_STOP=1
select nowhere;
select 2 as b;
--# stop and off again
\set ON_ERROR_STOP 1
\set ON_ERROR_STOP 0
select nowhere;
select 2 as b;
--# syntax errors point
select * fro items;
selec 1;
select 1 +;
insert into items values (1, 2, 3, 4, 5, 6, 7);
--# a position in a later line
select 1,
       2,
       nowhere,
       3
  from items;
--# a position behind tabs and wide characters
select	'日本',	nowhere from items;
select '日本語', nowhere, 'é' from items;
--# a position in a long line
select 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', nowhere, 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy' from items;
--# a position at the end
select 1 from
;
--# line numbers after several lines

-- a comment

select 1
  as a
;
select
  nowhere
;
select 1/0;
--# detail and hint and context
select fail('why');
insert into items values (1, 'twice');
insert into items (id) values (99);
select 1::text + 1;
--# hints of names
select naem from items;
select * from itmes;
select add('x', 'y', 'z');
--# constraint names
alter table items add constraint positive check (price > 0) not valid;
insert into items values (50, 'x', -5);
--# on_error_stop in a transaction
\set ON_ERROR_STOP on
begin;
insert into empty values (1);
select nowhere;
commit;
--# a failed transaction
begin;
insert into empty values (1);
select nowhere;
select 1;
insert into empty values (2);
commit;
select count(*) from empty;
--# on_error_rollback
\set ON_ERROR_ROLLBACK on
begin;
insert into empty values (1);
select nowhere;
insert into empty values (2);
commit;
select count(*) from empty;
--# on_error_rollback interactive does nothing here
\set ON_ERROR_ROLLBACK interactive
begin;
insert into empty values (1);
select nowhere;
commit;
select count(*) from empty;
--# on_error_rollback with savepoints
\set ON_ERROR_ROLLBACK on
begin;
savepoint s;
insert into empty values (1);
select nowhere;
rollback to s;
insert into empty values (2);
release s;
commit;
select x from empty;
--# on_error_rollback outside of a transaction
\set ON_ERROR_ROLLBACK on
insert into empty values (1);
select nowhere;
select count(*) from empty;
--# autocommit off
\set AUTOCOMMIT off
insert into empty values (1);
rollback;
insert into empty values (2);
commit;
insert into empty values (3);
--# autocommit off and errors
\set AUTOCOMMIT off
insert into empty values (1);
select nowhere;
insert into empty values (2);
commit;
select count(*) from empty;
--# autocommit off with statements that need none
\set AUTOCOMMIT off
vacuum empty;
begin;
insert into empty values (1);
commit;
create table t (x int);
--# autocommit off and on_error_rollback
\set AUTOCOMMIT off
\set ON_ERROR_ROLLBACK on
insert into empty values (1);
select nowhere;
insert into empty values (2);
commit;
select count(*) from empty;
--# one transaction | args: -1
insert into empty values (1);
insert into empty values (2);
--# one transaction with an error | args: -1
insert into empty values (1);
select nowhere;
insert into empty values (2);
--# one transaction that stops | args: -1 -v ON_ERROR_STOP=1
insert into empty values (1);
select nowhere;
insert into empty values (2);
--# one transaction with a commit inside | args: -1
insert into empty values (1);
commit;
insert into empty values (2);
--# one transaction with a missing file | args: -1
insert into empty values (1);
\i nosuchfile.sql
insert into empty values (2);
--# variables of an error
select nowhere;
\echo :ERROR :SQLSTATE :ROW_COUNT
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
select 1;
\echo :ERROR :SQLSTATE :ROW_COUNT
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
--# variables before any error
\echo :ERROR :SQLSTATE :ROW_COUNT
\echo :LAST_ERROR_SQLSTATE [:LAST_ERROR_MESSAGE]
--# variables of rows
insert into empty select * from generate_series(1, 7);
\echo :ROW_COUNT
update empty set x = x + 1 where x > 3;
\echo :ROW_COUNT
delete from empty;
\echo :ROW_COUNT
select * from items;
\echo :ROW_COUNT
create table t (x int);
\echo :ROW_COUNT
--# variables of an error with newlines
do $$ begin raise exception E'two\nlines'; end $$;
\echo :LAST_ERROR_MESSAGE
select :'LAST_ERROR_MESSAGE' as message;
--# a condition on an error
select nowhere;
\if :ERROR
\echo failed with :SQLSTATE
\endif
--# an error in an unknown command stops
\set ON_ERROR_STOP on
\nosuchcommand
\echo not reached
--# errors in included lines and after
\i broken.sql
select nowhere_else;
--# a statement over many lines with an error in the middle
insert into items (id, name)
values (100, 'a'),
       (101, 'b'),
       (1, 'c'),
       (102, 'd');
--# an error inside a function points into it
create function broken() returns int language sql as 'select nowhere';
create function broken2() returns int language plpgsql as $$ begin return nowhere; end $$;
select broken2();
--# a dropped connection is not simulated but a cancelled statement is
set statement_timeout = '50ms';
select pg_sleep(5);
select 1 as a;
