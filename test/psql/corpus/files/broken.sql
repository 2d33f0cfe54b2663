select 'before' as broken;
select * from nowhere;
select 'after' as broken;
