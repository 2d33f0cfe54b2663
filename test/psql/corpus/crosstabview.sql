--# rows and columns
select * from (values ('a','x',1), ('b','y',2), ('a','y',3)) v(r, c, d) \crosstabview
--# named columns
select * from (values ('a','x',1), ('b','y',2), ('a','y',3)) v(r, c, d) \crosstabview c r d
--# sorted
select * from (values ('a','x',1,2), ('b','y',2,1)) v(r, c, d, s) \crosstabview r c d s
--# by number
select * from (values ('a','x',1,2), ('b','y',2,1)) v(r, c, d, s) \crosstabview 1 2 3 4
--# a value twice
select * from (values ('a','x',1), ('a','x',2)) v(r, c, d) \crosstabview
--# too few columns
select 1, 2 \crosstabview
--# an unknown column
select 1 as a, 2 as b, 3 as c \crosstabview a b nowhere
--# no result
create table t (x int) \crosstabview
\echo done
--# null
\pset null nil
select * from (values ('a','x',1), (null,'y',null)) v(r, c, d) \crosstabview
--# expanded
select * from (values ('a','x',1), ('b','y',2)) v(r, c, d) \x \crosstabview
--# an error stops
\set ON_ERROR_STOP on
select 1, 2 \crosstabview
\echo not reached
