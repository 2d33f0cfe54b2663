\echo inner
insert into log (line) values ('inner');
