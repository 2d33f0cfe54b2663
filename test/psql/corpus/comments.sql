--# line comment with a semicolon
select 1 as a; -- first; second
select 2 as b -- not the end;
;
--# line comment before anything
-- hello;
-- 'quote
select 3;
--# block comment with a semicolon
select /* ; */ 1 as a;
/* ; ' " $$ */ select 2;
--# nested block comments
select /* one /* two ; /* three */ ; */ ; */ 4 as four;
--# nested comment with quotes inside
select 1 /* it's "quoted" $tag$ ; */ + 1 as two;
--# comment over several lines
select 1 as a /*
  ;
  \echo not a command
*/ , 2 as b;
--# comment between statements
select 1; /* between; */ select 2;
--# unterminated comment at the end
select 1;
/* never ends ; select 2;
--# comment only
-- nothing here
/* nor here */
--# dashes inside operators
select 3 -- minus
- -1 as four;
select 5--1 as six
;
--# slash star inside a string
select '/* not a comment' as a, '-- neither' as b;
--# comment start inside an operator
select 2*/* times */3 as six;
--# backslash command in a line comment
select 1; -- \echo no
\echo yes
--# a line comment directly after a semicolon
select 1;--done
select 2;
