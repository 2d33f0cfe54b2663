--# aligned
select * from items order by id;
--# unaligned
\a
select * from items order by id;
--# csv
\pset format csv
select * from items order by id;
--# expanded
\x
select * from items order by id;
--# expanded unaligned
\a \x
select * from items order by id;
--# expanded csv
\pset format csv
\x on
select * from items order by id;
--# wrapped
\pset format wrapped
\pset columns 40
select * from items order by id;
--# wrapped and expanded
\pset format wrapped
\pset columns 30
\x on
select id, name, repeat('long ', 10) as long from items order by id;
--# expanded auto
\pset columns 30
\x auto
select 1 as a;
select * from items order by id;
--# tuples only
\t
select * from items order by id;
\x
select id, name from items order by id;
--# no rows
select * from empty;
\x
select * from empty;
\t
select * from empty;
\a
select * from empty;
\pset format csv
select * from empty;
--# no columns
select;
select from items;
\x
select from items;
\a
select from items;
--# null
\pset null '(null)'
select * from items where id in (3, 4) order by id;
--# field and record separators
\a
\f ','
\pset recordsep ' | '
select id, name from items where id < 4 order by id;
\f
--# zero bytes
\a
\pset fieldsep_zero
\pset recordsep_zero
select id, name from items where id < 3 order by id;
--# borders
\pset border 0
select id, name, price from items order by id;
\pset border 2
select id, name, price from items order by id;
\x
select id, name, price from items order by id;
\pset border 0
select id, name, price from items order by id;
--# line styles
\pset linestyle unicode
\pset border 2
select id, name from items order by id;
\pset linestyle old-ascii
select id, name from items order by id;
\pset unicode_border_linestyle double
\pset linestyle unicode
select id, name from items order by id;
--# title and footer
\pset title 'The items'
select id, name from items where id < 3 order by id;
\C
\pset footer off
select id, name from items where id < 3 order by id;
--# html and asciidoc
\H
select id, name from items where id in (1, 4) order by id;
\H
\pset format asciidoc
select id, name from items where id in (1, 4) order by id;
--# latex and troff
\pset format latex
select id, name from items where id in (1, 4) order by id;
\pset format troff-ms
select id, name from items where id in (1, 4) order by id;
--# numeric locale
\pset numericlocale on
select 1234567 as a, -1234567.891 as b, '1234567' as c, 1e20::float8 as d;
--# wide characters
select '日本語' as wide, 'é' as one, E'e\u0301' as two, '😀' as face, 'x' as x;
\x
select '日本語' as "見出し", 'é' as e;
--# alignment by type
select 1::int2 as a, 2::int8 as b, 3::float4 as c, 4::oid as d, 'x'::text as e, true as f, '5'::money as g, '1 day'::interval as h, '2024-01-01'::date as i;
--# arrays, json and ranges are on the left
select array[1,2] as a, '{"a":1}'::json as b, int4range(1,5) as c, '\x01'::bytea as d, '1.2.3.4'::inet as e;
--# explain
explain (costs off) select * from items where id = 1;
--# settings are told
\pset format csv
\pset border 2
\pset null x
\t
\t
\x
\x auto
\x off
\a
\f ;
\C title
\pset tuples_only on
\pset footer
\pset pager off
--# settings are not told when quiet
\set QUIET on
\pset format csv
\t
\x
\a
\pset null x
\pset format
\set QUIET off
\pset format
--# wrong settings
\pset format nonsense
\pset border many
\pset nonsense 1
\x maybe
\t maybe
\pset linestyle x
\pset csv_fieldsep ab
--# a list of settings
\pset
--# csv separators
\pset format csv
\pset csv_fieldsep ';'
select 'a;b' as "x;y", 'c,d' as z;
\pset csv_fieldsep '\t'
select E'a\tb' as a, 'c' as b;
--# csv quotes
\pset format csv
select 'a "b"' as a, E'two\nlines' as b, '' as c, null as d, '\.' as e, ' ' as f;
--# a very wide table
select repeat('x', 200) as a, repeat('y', 100) as b;
--# many columns
select 1 as a, 2 as b, 3 as c, 4 as d, 5 as e, 6 as f, 7 as g, 8 as h, 9 as i, 10 as j, 11 as k, 12 as l;
--# the same name twice
select 1 as a, 2 as a, 3 as "?column?", 4;
