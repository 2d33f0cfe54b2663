--# a function with an atomic body
create function inc(x int) returns int language sql begin atomic select x + 1; end;
select inc(1);
--# several statements in the body
create function note(t text) returns void begin atomic
  insert into log (line) values (t);
  insert into log (line) values (t || ' again');
end;
select note('x'); select line from log order by id;
--# case inside the body
create function size(x int) returns text begin atomic
  select case when x > 10 then 'big; really' else case when x > 5 then 'mid' else 'small' end end;
  select 'last';
end;
select size(20);
--# a procedure with an atomic body
create procedure put(t text) begin atomic insert into log (line) values (t); end;
call put('y'); select line from log;
--# create or replace
create or replace function one() returns int begin atomic; select 1; end;
select one();
--# words begin and end as names
select 1 as begin; select 2 as "end";
--# begin is a transaction outside of create function
begin; select 1; end;
--# return needs no body
create function plus(a int) returns int return a + 1;
select plus(2);
--# comments in the body
create function c() returns int begin atomic -- begin
  select 1; /* end; */
end;
select c();
--# an error in the body
create function bad() returns int begin atomic select nowhere; end;
select 'after' as a;
--# two functions on one line
create function f1() returns int begin atomic select 1; end; create function f2() returns int begin atomic select 2; end; select f1() + f2() as sum;
--# create schema with begin as a column
create table begin_test ("begin" int, "end" int); select count(*) from begin_test;
