-- Functions and procedures, each by its identity arguments; requires names what must exist before it:
-- row types among its arguments, and whatever a body in SQL-standard form refers to.
select array[f.schema, f.name, f.arguments] as key,
       json_build_object(
           'owner', o.name,
           'kind', case f.kind when 'p' then 'procedure' else 'function' end,
           'definition', pg_get_functiondef(f.oid),
           'arguments', pg_get_function_arguments(f.oid),
           'result', pg_get_function_result(f.oid),
           'security_definer', p.prosecdef,
           'settings', coalesce(to_json(p.proconfig), '[]')
       ) as attributes,
       0 as rank,
       coalesce((
           select json_agg(needed.fact order by needed.fact::text)
           from (
               select json_build_array(case when r.kind in ('v', 'm') then 'view' else 'table' end, r.schema, r.name) as fact
               from pg_depend d
               left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
               left join pg_type e on e.oid = t.typelem
               join relation r
                 on r.oid in (case when d.refclassid = 'pg_class'::regclass then d.refobjid end, t.typrelid, e.typrelid)
                and r.kind in ('r', 'p', 'f', 'v', 'm')
               where d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'n'
               union all
               select json_build_array('function', g.schema, g.name, g.arguments)
               from pg_depend d
               join routine g on g.oid = d.refobjid
               where d.classid = 'pg_proc'::regclass and d.objid = f.oid
                 and d.refclassid = 'pg_proc'::regclass and d.deptype = 'n'
           ) as needed
       ), '[]') as requires
from routine f
join pg_proc p on p.oid = f.oid
join role o on o.oid = f.owner
where f.kind in ('f', 'p', 'w')
