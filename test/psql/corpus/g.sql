--# instead of a semicolon
select 1 as a \g
select 2 as b
\g
--# again
select 1 as a;
\g
\g
--# nothing to repeat
\g
\echo done
--# to a file
select 1 as a \g out.txt
select 2 as b;
--# to a file and again
select id, name from items order by id \g 'out file.txt'
\g
--# expanded
select 1 as a, 'two' as b \gx
select 1 as a;
--# with settings
select 1 as a, null as b \g (format=csv)
select 1 as a, null as b \g (format=unaligned null=nil tuples_only=on)
select 1 as a;
--# with settings to a file
select 1 as a, 2 as b \g (format=csv) out.csv
--# wrong settings
select 1 as a \g (format=nonsense)
select 2 as b;
--# gx with settings
select 1 as a, 'two' as b \gx (border=2)
--# gx repeats expanded
select 1 as a;
\gx
\g
--# an error
select nowhere \g
select 1/0 \g out.txt
\echo done
--# insert with g
insert into empty values (1) \g
insert into empty values (2) returning x \gx
--# settings in several steps
select 1 as a \g (title='a title' footer=off)
--# settings that are not closed
select 1 as a \g (format=csv
select 2;
--# a command with g only sends once
select 1 as a \g \g
--# a file that cannot be opened
select 1 as a \g nosuchdirectory/out.txt
select 2 as b \; select 3 as c \gx nosuchdirectory/out.txt
copy items to stdout \g nosuchdirectory/out.txt
select 4 as d;
