--# notice
do $$ begin raise notice 'hello %', 'world'; end $$;
--# every level
do $$ begin
  raise debug 'a'; raise log 'b'; raise info 'c'; raise notice 'd'; raise warning 'e';
end $$;
--# with detail and hint
do $$ begin raise notice 'a' using detail = 'b', hint = 'c'; end $$;
--# over several lines
do $$ begin raise notice E'one\ntwo'; end $$;
--# line numbers of notices


do $$ begin raise notice 'here'; end $$;
select shout('x');
--# progress of batches
do $$
begin
  for i in 1..3 loop
    insert into log (line) values ('batch ' || i);
    raise notice 'batch % of 3: % rows', i, i * 100;
  end loop;
end $$;
--# client_min_messages
set client_min_messages = warning;
do $$ begin raise notice 'no'; raise warning 'yes'; end $$;
set client_min_messages = debug1;
do $$ begin raise debug 'yes'; end $$;
--# notices of ddl
drop table if exists nowhere;
create table if not exists items (id int);
truncate empty;
create table parent (id int primary key); create table child (id int references parent);
drop table parent cascade;
--# warnings of transactions
commit;
rollback;
begin;
begin;
commit;
savepoint x;
--# notices in quiet
\set QUIET on
do $$ begin raise notice 'still'; end $$;
--# listen and notify
listen news;
notify news, 'hello';
select 1 as a;
notify news;
--# notices with verbosity
\set VERBOSITY verbose
do $$ begin raise notice 'a'; end $$;
\set VERBOSITY terse
do $$ begin raise notice 'a' using detail = 'b'; end $$;
--# a notice and an error
do $$ begin raise notice 'first'; raise exception 'then'; end $$;
--# a notice from an included file
\i sub/inner.sql
select shout('after');
