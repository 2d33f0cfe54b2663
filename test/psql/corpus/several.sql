--# several statements on a line
select 1 as a; select 2 as b; select 3 as c;
--# a separator that sends them together
select 1 as a\; select 2 as b\; select 3 as c;
--# together means one transaction
insert into empty values (1)\; insert into empty values (2)\; select 1/0;
select count(*) from empty;
--# an error in the middle of several together
insert into empty values (1)\; select * from nowhere\; insert into empty values (2);
select count(*) from empty;
--# begin and commit among several together
begin\; insert into empty values (1)\; commit\; insert into empty values (2)\; select 1/0;
select * from empty;
--# a command after a statement on the same line
select 1 \g
select 2 \gx
select 3; \echo after
--# a command in the middle of a statement
select 1 +
\echo in between
2 as three;
--# several commands on a line
\echo one \\ \echo two
\set a 1 \\ select :a as a;
--# a statement after commands
\echo one \\ select 2 as two; \echo three
--# empty statements
;
;;
select 1;;
--# no semicolon at the end of the file
select 1 as a;
select 2 as b
--# no newline at the end of the file | no-newline
select 1 as a; select 2 as b;
--# no semicolon and no newline | no-newline
select 1 as a; select 2 as b
--# carriage returns before newlines | crlf
select 1 as a,
  2 as b;
\echo done
select 'x' as c;
--# a byte order mark | bom
select 1 as a;
--# nothing at all
--# whitespace only
   
	
--# a very long line
select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' as a, nowhere from items where name = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb';
--# reset the query buffer
select 1
\r
select 2;
--# print the query buffer
select 1 +
\p
2;
\p
--# a statement split by a command that sends it
select 1 as a \g \\ select 2 as b;
--# unknown command
\nosuchcommand
select 1;
--# extra arguments are ignored with a warning
\t on extra words
select 1;
\echo end
--# a results of several queries together
select 1 as a\; insert into empty values (1)\; select count(*) from empty\; delete from empty;
--# last of several together with g
select 1 as a\; select 2 as b \g
