-- Policies. The expressions are PostgreSQL's own text, with every parenthesis; requires names the other
-- relations they look into.
select array[r.schema, r.name, p.polname::text] as key,
       json_build_object(
           'command', case p.polcmd
               when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end,
           'permissive', p.polpermissive,
           'roles', (select json_agg(o.name order by o.name) from unnest(p.polroles) as m (id) join role o on o.oid = m.id),
           'using', pg_get_expr(p.polqual, p.polrelid),
           'check', pg_get_expr(p.polwithcheck, p.polrelid)
       ) as attributes,
       0 as rank,
       coalesce((
           select json_agg(json_build_array(case when x.kind in ('v', 'm') then 'view' else 'table' end, x.schema, x.name)
                           order by x.schema, x.name)
           from (
               select distinct d.refobjid as oid from pg_depend d
               where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
                 and d.refobjid <> r.oid
           ) as d
           join relation x on x.oid = d.oid
       ), '[]') as requires
from relation r
join pg_policy p on p.polrelid = r.oid
