--# rows
insert into empty values (1), (2);
update empty set x = 3;
delete from empty where x = 3;
merge into empty e using (values (1)) v(y) on e.x = v.y when not matched then insert values (y);
--# definitions
create schema s; create table s.t (x int); create index on s.t (x); create view s.v as select 1;
alter table s.t add column y int; comment on table s.t is 'x'; drop schema s cascade;
create type mood as enum ('a'); create domain d as int; create sequence q; create role_x;
--# transactions
begin; savepoint a; rollback to a; release a; commit; start transaction; rollback; abort; end;
--# settings
set work_mem = '8MB'; show work_mem; reset work_mem; set local work_mem = '1MB'; set role none; discard temp;
--# prepared statements
prepare p as select 1 as a; execute p; deallocate p; deallocate all;
--# cursors
begin; declare c cursor for select id from items order by id; fetch 2 from c; move 1 from c; fetch all from c; close c; commit;
--# returning
insert into empty values (1) returning x, x + 1 as y;
update empty set x = 2 returning *;
delete from empty returning x;
insert into empty select 1 where false returning x;
--# explain and analyze
explain (costs off) select 1; analyze empty; vacuum empty; reindex table empty; checkpoint;
--# grants
create table t (x int); grant select on t to public; revoke select on t from public; lock table t;
--# select into and create as
select 1 as a into t1; create table t2 as select * from items; create materialized view m as select 1 as a; refresh materialized view m;
select count(*) from t2;
--# values, table and with
values (1, 'a'), (2, 'b');
table empty;
with w as (select 1 as a) select * from w;
with i as (insert into empty values (1) returning x) select * from i;
--# call and do
create procedure p(inout x int) language plpgsql as $$ begin x := x + 1; end $$;
call p(1); do $$ begin end $$;
--# tags in quiet
\set QUIET on
insert into empty values (1);
create table t (x int);
begin; commit;
select count(*) from empty;
--# tags in other formats
\pset format csv
insert into empty values (1);
\t
insert into empty values (1);
\pset tuples_only on
create table t (x int);
--# copy counts
copy items to stdout; copy (select 1) to stdout;
--# an empty statement has no tag
;
/* nothing */;
