--# an import with a staging table
\set ON_ERROR_STOP on
begin;
create temp table staging (like items including all);
\copy staging from 'items.csv' csv header
insert into items select * from staging on conflict (id) do update set name = excluded.name;
drop table staging;
commit;
select id, name from items order by id;
--# a batch job with notices
set work_mem = '64MB';
do $$
declare
  batch int := 0;
  done int;
begin
  loop
    with picked as (select id from items where price is null or price < 0 order by id limit 1)
    update items set price = 1 from picked where items.id = picked.id;
    get diagnostics done = row_count;
    exit when done = 0;
    batch := batch + 1;
    raise notice 'batch %: % rows', batch, done;
  end loop;
end $$;
select id, price from items order by id;
--# parameters with defaults
\if :{?day}
\else
  \set day 2024-11-04
\endif
select id, name from items where made <= :'day' order by id;
--# parameters from the command line | args: -v day=2024-11-02
\if :{?day}
\else
  \set day 2024-11-04
\endif
select id, name from items where made <= :'day' order by id;
--# checks before work
\set ON_ERROR_STOP on
select count(*) > 0 as there from pg_class where relname = 'items' \gset
\if :there
  update items set price = 0 where price is null;
\else
  \echo nothing to do
  \q
\endif
select count(*) from items where price = 0;
--# partitions made with gexec
create table days (at date not null, n int) partition by range (at);
select format('create table days_%s partition of days for values from (%L) to (%L)', to_char(d, 'YYYYMMDD'), d, d + 1)
from generate_series(date '2024-11-01', date '2024-11-03', '1 day') g(t), lateral (select t::date as d) x \gexec
insert into days select '2024-11-02', 1;
select tableoid::regclass, * from days;
--# an upsert with counts
with input (id, name) as (values (1, 'new'), (90, 'ninety')),
done as (insert into items (id, name) select * from input on conflict (id) do update set name = excluded.name returning (xmax = 0) as inserted)
select count(*) filter (where inserted) as inserted, count(*) filter (where not inserted) as updated from done;
--# a report in csv to a file
\pset format csv
\o report.csv
select id, name, price from items order by price desc nulls last, id;
\o
\echo written
--# delete in steps
\set ON_ERROR_STOP on
begin;
delete from items where price < 0;
\if :ROW_COUNT
\echo deleted some
\endif
rollback;
select count(*) from items;
--# a function, its use and its removal
create or replace function pg_temp.tidy(t text) returns text language sql immutable as $f$ select regexp_replace(t, '\s+', ' ', 'g') $f$;
select id, pg_temp.tidy(name) from items order by id;
--# windows and grouping sets
select coalesce(date_trunc('month', made)::date::text, 'none') as month, count(*), sum(price),
       rank() over (order by count(*) desc) as rank
from items group by rollup (date_trunc('month', made)) order by 1, 2;
--# advisory locks and settings in a transaction
begin;
set local lock_timeout = '1s';
select pg_try_advisory_xact_lock(42) as locked;
show lock_timeout;
commit;
show lock_timeout;
--# a refresh
create materialized view totals as select count(*) as n from items with no data;
select * from totals;
refresh materialized view totals;
select * from totals;
--# vacuum and analyze after a load
\copy empty from 'numbers.csv' csv header
vacuum (analyze) empty;
select reltuples from pg_class where relname = 'empty';
--# comments, settings and sections of a long script
-- =========================================================
-- 1. settings
-- =========================================================
set statement_timeout = '5min';
set search_path to public;
-- =========================================================
-- 2. work
-- =========================================================
/* first
   part */
insert into log (line) select 'line ' || x from generate_series(1, 5) as x;
/* second part */
select count(*), min(line), max(line) from log;
--# json and arrays
select jsonb_agg(to_jsonb(i) - 'tags' order by id) from items i;
select id, unnest(tags) as tag from items order by 1, 2;
--# a trigger that writes a log
create function note_item() returns trigger language plpgsql as $$
begin
  insert into log (line) values (tg_op || ' ' || coalesce(new.id, old.id));
  return coalesce(new, old);
end;
$$;
create trigger note after insert or update or delete on items for each row execute function note_item();
update items set price = 5 where id = 3;
delete from items where id = 2;
select line from log order by id;
