--# columns and types
select 1 as a, 'x'::varchar(10) as b, now() as c, array[1.5] as d, null as e \gdesc
--# of a table
select * from items \gdesc
--# no result
insert into empty values (1) \gdesc
select count(*) from empty;
--# no columns
select \gdesc
--# an error
select nowhere \gdesc
\echo done
--# does not run the query
insert into empty values (1) returning x \gdesc
select count(*) from empty;
--# again with g
select 1 as a \gdesc
\g
--# parameters
select $1::int + 1 as a \gdesc
--# in another format
\pset format csv
select 1 as a, 2::numeric(5,2) as b \gdesc
--# names that need quotes
select 1 as "A b", 2 as "it's" \gdesc
--# a utility command
show work_mem \gdesc
--# row_count after
select 1 as a, 2 as b \gdesc
\echo :ROW_COUNT
