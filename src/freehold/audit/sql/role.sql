-- The roles callers and applications are: attributes, what they may become or have without becoming it, and what
-- they own in this database.
select r.rolname::text,
       json_build_object(
           'attributes', array_remove(array[
               case when r.rolsuper then 'SUPERUSER' end, case when r.rolbypassrls then 'BYPASSRLS' end,
               case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolcreatedb then 'CREATEDB' end,
               case when r.rolreplication then 'REPLICATION' end], null),
           'login', r.rolcanlogin,
           'becomes', coalesce((
               select json_agg(g.rolname order by g.rolname) from pg_catalog.pg_roles g
               where g.oid <> r.oid and not r.rolsuper and pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')), '[]'),
           'inherits', coalesce((
               select json_agg(g.rolname order by g.rolname) from pg_catalog.pg_roles g
               where g.oid <> r.oid and not r.rolsuper and pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE')), '[]'),
           'owns', coalesce((
               select json_agg(o.name order by o.name) from (
                   select n.nspname || '.' || c.relname as name from pg_catalog.pg_class c
                   join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                   where c.relowner = r.oid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
                   union all
                   select 'schema ' || n.nspname from pg_catalog.pg_namespace n where n.nspowner = r.oid
                   union all
                   select 'function ' || n.nspname || '.' || f.proname from pg_catalog.pg_proc f
                   join pg_catalog.pg_namespace n on n.oid = f.pronamespace where f.proowner = r.oid) o), '[]'),
           'temporary', pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'TEMP'),
           'create', pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CREATE'),
           'create_in', coalesce((
               select json_agg(n.nspname order by n.nspname) from pg_catalog.pg_namespace n
               where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                 and pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')), '[]'))
from pg_catalog.pg_roles r
where r.rolname = any (%(roles)s::text[])
