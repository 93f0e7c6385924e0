-- What a snapshot looks at: shared by every other file here, which each continue this statement.
-- schemas: the schemas asked for, or null for all but the server's, Supabase's auth and freehold's own.
-- owner: the role that owns the application's objects; it is called $owner, so that facts do not name an application.
-- Objects that belong to an extension are left out (pg_depend, deptype e).
with role as materialized (
    select oid, case when rolname = %(owner)s then '$owner' else rolname::text end as name from pg_roles
    union all
    select 0, 'public'
),
space as materialized (
    select n.oid, n.nspname::text as name, n.nspowner as owner, n.nspacl as acl
    from pg_namespace n
    where case
        when %(schemas)s::text[] is null
        then n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'freehold')
        else n.nspname = any (%(schemas)s::text[])
    end
    and not exists (
        select from pg_depend e
        where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e'
    )
),
relation as materialized (
    select c.oid, s.name as schema, c.relname::text as name, c.relkind as kind, c.relowner as owner, c.relacl as acl,
           c.relispartition as partition
    from pg_class c
    join space s on s.oid = c.relnamespace
    where not exists (
        select from pg_depend e
        where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'
    )
),
routine as materialized (
    select p.oid, s.name as schema, p.proname::text as name, pg_get_function_identity_arguments(p.oid) as arguments,
           p.prokind as kind, p.proowner as owner, p.proacl as acl
    from pg_proc p
    join space s on s.oid = p.pronamespace
    where not exists (
        select from pg_depend e
        where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e'
    )
)
