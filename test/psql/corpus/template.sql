-- What every script of the corpus finds in its database.
create table items (id integer primary key, name text not null, price numeric(10, 2), made date, tags text[]);
insert into items values
  (1, 'anvil', 12.50, '2024-11-01', '{heavy,iron}'),
  (2, 'bolt', 0.15, '2024-11-02', '{}'),
  (3, 'crane', 9999.99, null, null),
  (4, 'é ü 日本', null, '2024-11-04', '{"a b"}'),
  (5, E'two\nlines', -1, '2024-11-05', '{x,y,z}');
create table empty (x integer);
create table log (id serial primary key, line text);
create view cheap as select id, name from items where price < 10;
create function add(a integer, b integer default 1) returns integer language sql immutable as 'select a + b';
create function shout(message text) returns text language plpgsql as $$
begin
  raise notice 'shouting %', message;
  return upper(message);
end
$$;
create function fail(why text) returns integer language plpgsql as $$
begin
  raise exception 'failed: %', why using detail = 'a detail', hint = 'a hint', errcode = 'P0042';
end
$$;
