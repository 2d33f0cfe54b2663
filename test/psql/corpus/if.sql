--# true and false
\if true
\echo yes
\else
\echo no
\endif
\if false
\echo yes
\else
\echo no
\endif
--# words for true
\if on
\echo on
\endif
\if 1
\echo one
\endif
\if yes
\echo yes
\endif
\if T
\echo t
\endif
--# elif
\if false
\echo a
\elif false
\echo b
\elif true
\echo c
\elif true
\echo d
\else
\echo e
\endif
--# nested
\if true
  \if false
    \echo a
  \else
    \echo b
  \endif
  \echo c
\else
  \if true
    \echo d
  \endif
\endif
--# statements in a branch that is not taken
\if false
insert into empty values (1);
select 'never; ';
\endif
select count(*) from empty;
--# commands in a branch that is not taken
\if false
\set a 1
\i nosuchfile.sql
\nosuchcommand
\copy empty from nowhere
\q
\endif
\echo :a
--# quotes in a branch that is not taken
\if false
select 'it''s', $$ \endif $$, "x";
\endif
\echo done
--# part of a statement
select 1
\if true
+ 2
\else
+ 3
\endif
as three;
select 1
\if false
+ 2
\else
+ 3
\endif
as four;
--# a wrong value
\if maybe
\echo yes
\else
\echo no
\endif
--# no value
\if
\echo yes
\endif
\echo after
--# a variable
select count(*) > 3 as many from items \gset
\if :many
\echo many
\else
\echo few
\endif
--# an unknown variable
\if :nowhere
\echo yes
\else
\echo no
\endif
--# else without if
\else
\echo here
\elif true
\endif
\echo there
--# else twice
\if true
\echo a
\else
\echo b
\else
\echo c
\endif
--# elif after else
\if false
\else
\echo a
\elif true
\echo b
\endif
--# not closed at the end
\if true
\echo open
--# not closed in a branch that is not taken
\if false
\echo open
--# on one line
\if true \echo a \else \echo b \endif
\echo c
--# extra words
\if true false
\echo a
\endif extra
--# known or not as a condition
\set a 1
\if :{?a}
\echo a
\endif
\if :{?b}
\echo b
\elif :{?a}
\echo elif
\endif
--# copy data in a branch that is not taken
\if false
copy empty from stdin;
1
\.
\endif
select count(*) from empty;
--# variables are not read in a branch that is not taken
\if false
select :nowhere, :'nowhere';
\echo :nowhere
\endif
\echo done
--# conditions with backticks are not run when not reached
\if false
\elif true
\echo b
\endif
--# a wrong value stops
\set ON_ERROR_STOP on
\if maybe
\endif
\echo after
