-- Views and materialized views; requires names the relations and functions the query reads.
select array[r.schema, r.name] as key,
       json_build_object(
           'owner', o.name,
           'kind', case r.kind when 'm' then 'materialized' else 'view' end,
           'definition', pg_get_viewdef(r.oid),
           'columns', (
               select json_agg(a.attname order by a.attnum) from pg_attribute a
               where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped),
           'options', coalesce(to_json(c.reloptions), '[]')
       ) as attributes,
       0 as rank,
       coalesce((
           select json_agg(needed.fact order by needed.fact::text)
           from (
               select distinct on (s.schema, s.name)
                      json_build_array(case when s.kind in ('v', 'm') then 'view' else 'table' end, s.schema, s.name) as fact
               from pg_rewrite w
               join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
                               and d.refclassid = 'pg_class'::regclass
               join relation s on s.oid = d.refobjid and s.oid <> r.oid
               where w.ev_class = r.oid
               union all
               select json_build_array('function', g.schema, g.name, g.arguments)
               from pg_rewrite w
               join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
                               and d.refclassid = 'pg_proc'::regclass
               join routine g on g.oid = d.refobjid
               where w.ev_class = r.oid
           ) as needed
       ), '[]') as requires
from relation r
join pg_class c on c.oid = r.oid
join role o on o.oid = r.owner
where r.kind in ('v', 'm')
