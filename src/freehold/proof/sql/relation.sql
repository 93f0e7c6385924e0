-- Every table, and the views that a caller may name: what a row needs, which rows refer to which, what guards them.
-- callers: the roles that a request can have. PUBLIC is whatever any of them has.
with caller as (
    select r.oid, r.rolname::text as name from pg_catalog.pg_roles r where r.rolname = any (%(callers)s)
),
space as (
    select n.oid, n.nspname::text as name
    from pg_catalog.pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'freehold', 'freehold_proof')
      and not exists (select from pg_catalog.pg_depend e
                      where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e')
      -- What a host keeps for itself is not the application's.
      and not (n.nspname = any (%(hosted)s))
)
select json_build_object(
    'schema', s.name,
    'name', c.relname,
    'kind', case when c.relkind in ('v', 'm') then 'view'
                 when c.relispartition or exists (select from pg_catalog.pg_inherits i where i.inhrelid = c.oid)
                 then 'partition' else 'table' end,
    'relkind', c.relkind,
    'owner', pg_catalog.pg_get_userbyid(c.relowner),
    'row_security', c.relrowsecurity,
    'forced', c.relforcerowsecurity,
    'parents', coalesce((select json_agg(i.inhparent::regclass::text) from pg_catalog.pg_inherits i
                         where i.inhrelid = c.oid), '[]'),
    'columns', coalesce((
        select json_agg(json_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'base', b.typname,
            'category', b.typcategory,
            'length', case when b.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end,
            'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e
                                where e.enumtypid = b.oid), '[]'),
            'required', a.attnotnull or t.typnotnull,
            'default', (a.atthasdef and a.attgenerated = '') or a.attidentity <> '',
            'written', a.attgenerated = '' and a.attidentity <> 'a',
            'open', coalesce((
                select json_agg(r.name || ':' || p.name)
                from caller r cross join (values ('SELECT'), ('INSERT'), ('UPDATE')) as p (name)
                where has_column_privilege(r.oid, c.oid, a.attnum, p.name)), '[]')
        ) order by a.attnum)
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]'),
    'deletable', coalesce((select json_agg(r.name) from caller r where has_table_privilege(r.oid, c.oid, 'DELETE')), '[]'),
    'keys', coalesce((
        select json_agg(json_build_object('name', x.relname, 'primary', k.indisprimary, 'columns', (
            select json_agg(a.attname order by n.place)
            from unnest(k.indkey[0:k.indnkeyatts - 1]) with ordinality as n (attnum, place)
            join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = n.attnum)) order by k.indisprimary desc, x.relname)
        from pg_catalog.pg_index k
        join pg_catalog.pg_class x on x.oid = k.indexrelid
        where k.indrelid = c.oid and k.indisunique and k.indexprs is null), '[]'),
    'references', coalesce((
        select json_agg(json_build_object(
            'name', f.conname,
            'columns', (select json_agg(a.attname order by n.place)
                        from unnest(f.conkey) with ordinality as n (attnum, place)
                        join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = n.attnum),
            'target', (select u.nspname || '.' || z.relname from pg_catalog.pg_class z
                       join pg_catalog.pg_namespace u on u.oid = z.relnamespace where z.oid = f.confrelid),
            'targets', (select json_agg(a.attname order by n.place)
                        from unnest(f.confkey) with ordinality as n (attnum, place)
                        join pg_catalog.pg_attribute a on a.attrelid = f.confrelid and a.attnum = n.attnum)
        ) order by f.conname)
        from pg_catalog.pg_constraint f where f.conrelid = c.oid and f.contype = 'f' and f.conparentid = 0), '[]'),
    -- The bounds of a partition, and of a table's partitions, are what a row must satisfy as well.
    'bounds', coalesce((
        select json_agg(json_build_object(
            'name', 'the bounds of partitions',
            'definition', pg_catalog.pg_get_expr(z.relpartbound, z.oid),
            'columns', (select coalesce(json_agg(a.attname), '[]') from pg_catalog.pg_partitioned_table y
                        cross join unnest(y.partattrs) as n (attnum)
                        join pg_catalog.pg_attribute a on a.attrelid = y.partrelid and a.attnum = n.attnum
                        where y.partrelid = i.inhparent)
        ))
        from pg_catalog.pg_inherits i join pg_catalog.pg_class z on z.oid = i.inhrelid
        where z.relispartition and (i.inhparent = c.oid or i.inhrelid = c.oid)), '[]'),
    'checks', coalesce((
        select json_agg(json_build_object(
            'name', k.conname,
            'definition', pg_catalog.pg_get_constraintdef(k.oid),
            'columns', (select coalesce(json_agg(a.attname), '[]') from pg_catalog.pg_attribute a
                        where a.attrelid = c.oid and (a.attnum = any (k.conkey) or a.atttypid = k.contypid))
        ) order by k.conname)
        from pg_catalog.pg_constraint k
        where k.contype = 'c' and (k.conrelid = c.oid or k.contypid in (
            select a.atttypid from pg_catalog.pg_attribute a where a.attrelid = c.oid))), '[]'),
    'policies', coalesce((
        select json_agg(json_build_object(
            'name', p.polname,
            'permissive', p.polpermissive,
            'roles', array(select r.rolname::text from pg_catalog.pg_roles r where r.oid = any (p.polroles) order by 1),
            'text', coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '') || ' '
                 || coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')
        ) order by p.polname)
        from pg_catalog.pg_policy p where p.polrelid = c.oid), '[]'),
    'grants', coalesce((
        select json_agg(json_build_object('role', coalesce(r.name, 'PUBLIC'), 'privilege', g.privilege_type, 'column', g.column)
                        order by g.column nulls first, g.privilege_type, r.name)
        from (
            select x.grantee, x.privilege_type, null::text as column from aclexplode(c.relacl) x
            union all
            select x.grantee, x.privilege_type, a.attname::text
            from pg_catalog.pg_attribute a cross join lateral aclexplode(a.attacl) x
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ) as g
        left join caller r on r.oid = g.grantee
        where (r.oid is not null or g.grantee = 0)
          and g.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')), '[]')
)::text
from pg_catalog.pg_class c
join space s on s.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not exists (select from pg_catalog.pg_depend e
                  where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
  and (c.relkind not in ('v', 'm') or exists (
      select from caller r cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) as p (name)
      where has_table_privilege(r.oid, c.oid, p.name)
         or (p.name <> 'DELETE' and has_any_column_privilege(r.oid, c.oid, p.name))))
order by s.name, c.relname
