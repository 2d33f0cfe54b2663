insert into log (line) values ('from an included file');
select count(*) as lines from log;
