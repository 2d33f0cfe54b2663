--# quoted identifiers with semicolons
select 1 as "a;b"; select 2 as "c";
--# doubled quotes in an identifier
select 1 as "say ""hi"";";
--# quotes of the other sort
select 1 as "it's", 'say "x;' as b;
--# an identifier over lines
select 1 as "two
lines;";
--# unicode identifiers
select 1 as U&"d\0061t\+000061; x";
--# unterminated identifier at the end
select 1;
select 1 as "never ends; select 2;
--# a variable as an identifier
\set column 'Mixed Case'
select 1 as :"column";
--# a variable in a quoted identifier stays
\set v x
select 1 as ":v";
--# letters that are not ASCII
select 1 as été, 2 as 日本;
--# parentheses keep a semicolon inside
create rule quiet as on insert to empty do instead (insert into log (line) values ('a'); insert into log (line) values ('b'));
insert into empty values (1);
select line from log order by id;
--# unbalanced parentheses
select (1;
select 2);
select 3;
--# too many closing parentheses
select 1);
select 2;
