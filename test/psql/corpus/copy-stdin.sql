--# rows up to the end marker
copy empty from stdin;
1
2
\.
select * from empty order by x;
--# text with escapes
copy log (line) from stdin;
tab\there
back\\slash
null \N here
\N
new\nline
\.
select id, line, line is null as no from log order by id;
--# csv
copy items from stdin with (format csv);
7,"seven; still, ""one"" field",7.77,2024-01-07,
8,"over
lines",,,"{a,b}"
\.
select * from items where id > 5 order by id;
--# csv with a header
copy items (id, name) from stdin csv header;
id,name
7,seven
\.
select id, name from items where id = 7;
--# no rows
copy empty from stdin;
\.
select count(*) from empty;
--# an error in a row
copy empty from stdin;
1
two
3
\.
select count(*) from empty;
\echo still here
--# too many columns
copy empty from stdin;
1	2
\.
select 'after' as a;
--# an unknown table reads no data
copy nowhere from stdin;
select 1;
--# the end of the file ends the data
copy empty from stdin;
1
2
--# data that look like commands
copy log (line) from stdin;
\\echo not run
select 1;
-- not a comment
/* nor this
'quote
$$
\.
select line from log order by id;
--# variables in data stay
\set v 1
copy log (line) from stdin;
:v :'v'
\.
select line from log;
--# other statements on the line before
select 1; copy empty from stdin;
5
\.
select * from empty;
--# a statement after on the same line comes after the data
copy empty from stdin; select count(*) from empty;
5
6
\.
--# within a transaction
begin;
copy empty from stdin;
1
\.
rollback;
select count(*) from empty;
--# an error within a transaction
begin;
copy empty from stdin;
x
\.
select 1;
commit;
select count(*) from empty;
--# to stdout
copy items to stdout;
copy (select id, name from items order by id) to stdout with (format csv, header);
--# to stdout with a delimiter
copy items (id, price) to stdout (delimiter '|', null 'nil');
--# to stdout of nothing
copy empty to stdout;
\echo done
--# with a column list and a delimiter
copy items (id, name) from stdin (delimiter ';');
6;six
\.
select id, name from items where id = 6;
--# a unique violation
copy items (id, name) from stdin;
6	six
1	again
\.
select max(id) from items;
--# line numbers after the data
copy empty from stdin;
1
2
\.
select * from nowhere;
--# on_error_stop stops at a bad row
\set ON_ERROR_STOP on
copy empty from stdin;
x
\.
\echo not reached
--# empty lines in data
copy log (line) from stdin;

a

\.
select count(*), count(nullif(line, '')) from log;
--# carriage returns in csv fields
copy log (line) from stdin csv;
"a ""b"""
plain
\.
select line from log order by id;
--# stdin in capitals and a query before
COPY empty FROM STDIN WITH DELIMITER ',';
1
\.
TABLE empty;
