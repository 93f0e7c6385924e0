-- Functions of the schemas asked for, with who may execute them, and those that policies call, wherever they are.
-- The source is read to look for secrets, and never shown.
with space as (
    select n.oid, n.nspname::text as name from pg_catalog.pg_namespace n
    where case when %(schemas)s::text[] is null
               then n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'freehold')
               else n.nspname = any (%(schemas)s::text[]) end
),
used as (
    select d.refobjid as oid, array_agg(distinct n.nspname || '.' || c.relname || '.' || p.polname) as policies
    from pg_catalog.pg_depend d
    join pg_catalog.pg_policy p on p.oid = d.objid
    join pg_catalog.pg_class c on c.oid = p.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where d.classid = 'pg_catalog.pg_policy'::regclass and d.refclassid = 'pg_catalog.pg_proc'::regclass
      and c.relnamespace in (select oid from space)
    group by d.refobjid
)
select n.nspname::text, f.proname::text, pg_catalog.pg_get_function_identity_arguments(f.oid),
       json_build_object(
           'owner', pg_catalog.pg_get_userbyid(f.proowner), 'definer', f.prosecdef, 'volatility', f.provolatile,
           'settings', coalesce(to_json(f.proconfig), '[]'), 'source', f.prosrc, 'kind', f.prokind,
           'signature', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.proname) || '(' || coalesce((
               select string_agg(pg_catalog.format_type(a.type, null), ', ' order by a.n)
               from unnest(f.proargtypes) with ordinality as a (type, n)), '') || ')',
           'trigger', f.prorettype = 'pg_catalog.trigger'::regtype,
           'inside', f.pronamespace in (select oid from space),
           'policies', coalesce(to_json(u.policies), '[]'),
           'executable_by', coalesce((
               select json_agg(distinct case when a.grantee = 0 then 'public'
                                             else pg_catalog.pg_get_userbyid(a.grantee)::text end)
               from pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a
               where a.privilege_type = 'EXECUTE' and a.grantee <> f.proowner), '[]'))
from pg_catalog.pg_proc f
join pg_catalog.pg_namespace n on n.oid = f.pronamespace
left join used u on u.oid = f.oid
where (f.pronamespace in (select oid from space) or (u.oid is not null and n.nspname <> 'pg_catalog'))
  and f.prokind in ('f', 'p', 'w')
  and not exists (select from pg_catalog.pg_depend e
                  where e.classid = 'pg_catalog.pg_proc'::regclass and e.objid = f.oid and e.deptype = 'e')
