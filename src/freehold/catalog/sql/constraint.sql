-- Constraints of tables. NOT NULL is a column's attribute: only PostgreSQL 18 has it as a constraint, and
-- of those only the not yet validated ones say more than the column does.
select array[r.schema, r.name, k.conname::text] as key,
       json_build_object(
           'type', case k.contype
               when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key'
               when 'c' then 'check' when 'x' then 'exclude' else 'not null' end,
           'definition', pg_get_constraintdef(k.oid),
           'validated', k.convalidated,
           'deferrable', k.condeferrable,
           'deferred', k.condeferred,
           'columns', coalesce(
               (select json_agg(a.attname order by n)
                from unnest(k.conkey) with ordinality as c (number, n)
                join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.number),
               '[]')
       ) as attributes,
       0 as rank,
       coalesce(
           (select json_build_array(json_build_array('table', f.schema, f.name)) from relation f where f.oid = k.confrelid),
           '[]') as requires
from relation r
join pg_constraint k on k.conrelid = r.oid
where k.contype in ('p', 'u', 'f', 'c', 'x', 'n')
  and (k.contype <> 'n' or not k.convalidated)
  and k.conparentid = 0 and k.conislocal
