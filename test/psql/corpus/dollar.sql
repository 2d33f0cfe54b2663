--# plain dollar quotes
select $$it's; here$$ as a;
--# dollar quotes with a tag
select $tag$a $$ b ; $other$ c$tag$ as a;
--# a tag inside of another
select $outer$ $inner$ ; $inner$ $outer$ as nested;
--# dollar quotes over lines
do $body$
begin
  raise notice 'hello; %', $x$quoted ; text$x$;
end;
$body$;
--# dollar in an identifier
create table pay$day (a$b int);
insert into pay$day values (1); select a$b from pay$day;
--# dollar directly after an identifier is part of it
select 1 as abc$def$;
select 2;
--# parameters are no quotes
prepare p as select $1::int + $2::int as sum; execute p(1, 2);
--# tags with letters that are not ASCII
select $été$ ; $été$ as summer;
--# unterminated dollar quote at the end
select 1;
select $$ never ends; select 2;
--# a tag must match in case
select $Tag$ $tag$ ; $Tag$ as a;
--# digits cannot start a tag
select '$1$' as a;
--# functions with semicolons
create function twice(x int) returns int language plpgsql as $$
declare y int := 2;
begin
  return x * y; -- a comment ; here
end;
$$;
select twice(21);
--# empty dollar quotes
select $$$$ as nothing, $q$$q$ as neither;
--# variables inside dollar quotes stay
\set v 'replaced'
select $$:v :'v'$$ as a;
--# a number that runs into a name is no start of a dollar quote
select 1a$$; select 2 as b;
select $1a$$; select 3 as c;
select 1e+$$; $$ as d;
