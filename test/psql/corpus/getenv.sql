--# a variable of the environment | env: CORPUS_VARIABLE=from outside
\getenv v CORPUS_VARIABLE
\echo :v
--# one that is not there
\set v before
\getenv v NO_SUCH_VARIABLE_HERE
\echo :v
--# without arguments
\getenv
\getenv v
\echo done
--# an empty one | env: CORPUS_VARIABLE=
\getenv v CORPUS_VARIABLE
\echo [:v]
--# a wrong name | env: CORPUS_VARIABLE=x
\getenv a-b CORPUS_VARIABLE
\echo done
