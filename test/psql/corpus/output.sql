--# to a file and back
\o out.txt
select 1 as a;
\echo not in the file
\o
select 2 as b;
--# everything of a result goes there
\o out.txt
insert into empty values (1);
select nowhere;
do $$ begin raise notice 'a notice'; end $$;
\d empty
\o
--# two files
\o one.txt
select 1 as a;
\o two.txt
select 2 as b;
\o
--# a file that cannot be written
\o nosuchdirectory/out.txt
select 1;
--# a file again begins anew
\o out.txt
select 1 as a;
\o out.txt
select 2 as b;
\o
--# \g inside
\o out.txt
select 1 as a \g
select 2 as b \g other.txt
\o
--# out
\out out.txt
select 1 as a;
\out
--# settings are told on stdout
\o out.txt
\pset format csv
select 1 as a;
\t
\o
--# copy to stdout goes there
\o out.txt
copy (select 1, 2) to stdout;
\o
copy (select 3, 4) to stdout;
--# at the end of the script
\o out.txt
select 1 as a;
