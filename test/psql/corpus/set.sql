--# a word
\set a word
\echo :a
--# several words are put together
\set a one two 'three four' five
\echo :a
--# nothing
\set a
\echo [:a]
select :'a' as a;
--# quotes
\set a 'it''s' \set b "double ""quotes"""
\echo :a :b
\set c '\n\t\x41\101\\'
\echo :c
--# as a value, a name and text
\set v 'it''s "x"'
select :'v' as value, 1 as :"v";
\set n 42
select :n + 1 as sum;
--# an unknown variable stays
\echo :unknown :'unknown' :"unknown"
select ':unknown' as a;
select 1 :unknown;
--# from another variable
\set a one
\set b :a two
\set c :'b'
\echo :b :c
--# unset
\set a one
\unset a
\echo :a
\unset a
\unset nosuch
\unset
--# a wrong name
\set a-b 1
\set 1a 2
\set é 3
\echo :1a :é
\set 'a b' 4
--# known or not
\set a 1
\if :{?a}
\echo known
\endif
\if :{?b}
\echo known
\else
\echo not known
\endif
select :{?a} as known, :{?b} as not_known;
--# casts and slices are no variables
\set x 9
\set int 7
select '5'::int as a, (array[1,2,3])[1:2] as b, (array[10,20,30])[:int] as c;
--# an assignment in a function
\set b 5
do $$ declare a int; begin a :=1; raise notice '%', a; end $$;
--# a variable that holds a statement
\set q 'select 1 as a; select 2 as b;'
:q
--# a variable that holds part of one
\set cols 'id, name'
\set cond 'where id < 3'
select :cols from items :cond order by id;
--# a variable in the middle of a word
\set t items
select count(*) from :t;
\set p ite
select count(*) from :p:p;
--# variables with line numbers
\set q 'select 1,
nowhere'
:q;
select nowhere;
--# arguments of the command line | args: -v greeting=hello -v "who=the world"
\echo :greeting :who
select :'greeting' as a;
--# set with arguments of the command line | args: -v empty= -v n=5
select :n as n, :'empty' as e;
--# special variables have their own words
\set AUTOCOMMIT maybe
\set ON_ERROR_STOP sometimes
\set ON_ERROR_ROLLBACK perhaps
\set ECHO everything
\set VERBOSITY loud
\set SHOW_CONTEXT often
\set QUIET x
\set COMP_KEYWORD_CASE x
\echo :AUTOCOMMIT :ON_ERROR_STOP :ECHO :VERBOSITY :SHOW_CONTEXT
--# special variables without a value
\set ON_ERROR_STOP
\echo :ON_ERROR_STOP
\unset ON_ERROR_STOP
\echo :ON_ERROR_STOP
\unset AUTOCOMMIT
\echo :AUTOCOMMIT
\unset ECHO
\echo :ECHO
--# numbers among the special variables
\set FETCH_COUNT many
\set FETCH_COUNT 2
\echo :FETCH_COUNT
\set IGNOREEOF x
\set HISTSIZE x
--# fetch_count does not change the rows
\set FETCH_COUNT 2
select id from items order by id;
select 1 as a where false;
insert into empty values (1) returning x;
--# the server's version
select :SERVER_VERSION_NUM >= 150000 as new_enough, :'ENCODING' as encoding;
--# a colon alone and at the end
\echo : :: :-: a: b:c
select 'x' as ":";
--# quotes in arguments
\echo 'a b'   c    "d  e" f'g'h
--# backslashes in arguments
\echo a\\b
\echo 'a\\b' 'a\tb' 'a\nb' '\''
--# a variable between quotes in an argument
\set v val
\echo ':v' ":v" x:v :v:v a':v'b
--# a semicolon as an argument
\set a 1;
\echo :a;
--# values that look like options
\set a -n
\echo :a x
--# an array slice with variables
\set from 2
\set to 3
select (array[10,20,30,40])[:from::to] as b;
--# setting PROMPT1 changes nothing here
\set PROMPT1 '> '
select 1;
--# fetch_count parts the widths
\set FETCH_COUNT 2
select repeat('x', id) as x from items order by id;
