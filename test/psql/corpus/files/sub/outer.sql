\echo outer
\ir inner.sql
select 'after inner' as outer_says;
