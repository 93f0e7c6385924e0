-- Indexes, constraints' ones included, and foreign keys, by the names of their columns in order.
-- parameters: schemas (null for all but the server's, auth and freehold's own)
with space as (
    select n.oid, n.nspname::text as name from pg_catalog.pg_namespace n
    where case when %(schemas)s::text[] is null
               then n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'freehold')
               else n.nspname = any (%(schemas)s::text[]) end
)
select 'index', s.name, t.relname::text, x.relname::text,
       json_build_object(
           'columns', (select json_agg(coalesce(a.attname::text, '') order by o.n)
                       from unnest(i.indkey) with ordinality as o (number, n)
                       left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = o.number
                       where o.n <= i.indnkeyatts),
           'unique', i.indisunique, 'primary', i.indisprimary, 'valid', i.indisvalid, 'partial', i.indpred is not null)
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_class t on t.oid = i.indrelid
join space s on s.oid = t.relnamespace
union all
select 'reference', s.name, t.relname::text, k.conname::text,
       json_build_object(
           'columns', (select json_agg(a.attname order by o.n)
                       from unnest(k.conkey) with ordinality as o (number, n)
                       join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.number),
           'target', p.name || '.' || f.relname,
           'target_columns', (select json_agg(a.attname order by o.n)
                              from unnest(k.confkey) with ordinality as o (number, n)
                              join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = o.number),
           'cascades', k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'),
           'validated', k.convalidated)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class t on t.oid = k.conrelid
join space s on s.oid = t.relnamespace
join pg_catalog.pg_class f on f.oid = k.confrelid
join pg_catalog.pg_namespace n on n.oid = f.relnamespace
join lateral (select n.nspname::text as name) p on true
where k.contype = 'f' and k.conparentid = 0
