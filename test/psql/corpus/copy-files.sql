--# from a csv file
\copy items from 'items.csv' csv header
select * from items where id >= 10 order by id;
--# from a text file
\copy items from items.tsv
select * from items where id >= 20 order by id;
--# with a column list and options
\copy empty (x) from 'numbers.csv' with (format csv, header true)
select sum(x) from empty;
--# from a file that is not there
\copy empty from 'nosuchfile.csv'
\echo still here
--# from a file that is not there, stopping
\set ON_ERROR_STOP on
\copy empty from 'nosuchfile.csv'
\echo not reached
--# a bad row
\copy items from 'bad.tsv'
select count(*) from items;
--# from an empty file
\copy empty from 'nothing.csv'
select count(*) from empty;
--# to a file
\copy items to 'out.csv' csv header
\copy (select id, name from items order by id desc) to 'out.tsv'
--# to a file with options
\copy items (id, price) to 'out.txt' with (delimiter '|', null '-')
--# to stdout
\copy (select 1 as a, 'two' as b) to stdout csv header
\copy empty to stdout
\echo done
--# to the output file
\o out.txt
\copy (select 1 as a, 'two' as b) to stdout
\copy (select 1 as a, 'two' as b) to pstdout
\o
\echo done
--# from stdin
\copy empty from stdin
1
2
\.
select sum(x) from empty;
--# from pstdin | stdin: 4
\copy empty from pstdin
select * from empty;
--# an unknown table
\copy nowhere from 'items.csv'
\copy nowhere to 'out.csv'
select 1;
--# missing arguments
\copy
\copy items
\copy items from
\copy items sideways 'x'
select 1;
--# quoted names
create table "Mixed Case" ("A b" int);
\copy "Mixed Case" ("A b") from 'numbers.csv' csv header
select sum("A b") from "Mixed Case";
--# a schema
create schema app; create table app.t (x int);
\copy app.t from 'numbers.csv' csv header
\copy app . t to stdout
--# a query over parentheses and quotes
\copy (select ';)' as a, (1 + 2) as b) to stdout
--# variables are not read
\set file 'items.csv'
\copy items from :file csv header
select count(*) from items;
--# a semicolon at the end
\copy empty from 'numbers.csv' csv header;
select sum(x) from empty;
--# the old options
\copy empty from 'numbers.csv' delimiter ',' csv header
\copy items to stdout delimiters ';'
--# in a transaction
begin;
\copy empty from 'numbers.csv' csv header
rollback;
select count(*) from empty;
--# a failed transaction
begin;
select 1/0;
\copy empty from 'numbers.csv' csv header
\copy items to stdout
commit;
--# where
\copy empty from 'numbers.csv' with (format csv, header) where x > 1
select * from empty order by x;
--# the rows are counted
\copy empty from 'numbers.csv' csv header
\echo :ROW_COUNT
--# quiet
\set QUIET on
\copy empty from 'numbers.csv' csv header
\echo :ROW_COUNT
--# with encoding
\copy items (name) to stdout with (encoding 'LATIN9', format csv) where
\copy (select 'é') to stdout with (encoding 'UTF8')
--# a binary copy there and back
\copy items to 'items.bin' with (format binary)
delete from items;
\copy items from 'items.bin' with (format binary)
select count(*), sum(price) from items;
