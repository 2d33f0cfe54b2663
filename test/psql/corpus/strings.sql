--# a semicolon in a string
select 'a;b' as a; select 'c' as d;
--# doubled quotes
select 'it''s' as a, '''' as b, '' as c;
--# a newline in a string
select 'one
two; three' as a;
--# escape strings
select E'a\'b;c' as a, e'\\' as b, E'tab\there' as c;
--# backslash in a plain string
select 'back\' as a; select 'slash' as b;
--# standard_conforming_strings off
set standard_conforming_strings = off;
set escape_string_warning = off;
select 'it\'s; fine' as a;
select 'n\\n' as b;
--# standard_conforming_strings back on
set standard_conforming_strings = off;
set escape_string_warning = off;
select '\'; select 1;' as a;
set standard_conforming_strings = on;
select '\' as b; select 2;
--# unicode strings
select U&'d\0061t\+000061; x' as a, U&'\0441\043B' as b;
--# unicode strings with another escape
select U&'d!0061t!+000061; x' uescape '!' as a;
--# bit strings
select B'1010' as a, x'1F' as b;
--# national strings
select N'text; here' as a;
--# strings go on over a newline
select 'one '
  'two; '
  'three' as a;
--# strings do not go on within a line
select 'one' 'two';
--# escape strings go on too
select E'a\'b' 'c';
select E'one\'; '
'two\'; ' as a;
--# unterminated string at the end
select 1;
select 'never ends; select 2;
--# quotes in a comment inside a statement
select 1 -- it's
, 2 as b;
--# psql variables are not read in strings
\set v 1
select ':v' as a, E':v' as b, U&':v' as c;
--# a string right before a keyword
select 'a'as b;
--# a colon in a string with a cast
select '12:30'::time as a, ':x' as b;
--# a string with tabs and control characters
select E'a\tb' as tab, E'a\rb' as cr, E'\x01' as one, E'a\nb' as nl;
