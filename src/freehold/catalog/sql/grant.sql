-- Privileges, one fact for each object, column, grantee and privilege. A missing ACL is the default one (acldefault).
-- What an owner may do with its own objects is implied, and left out.
select array[g.kind, g.schema, g.name, g.detail, who.name, acl.privilege_type] as key,
       json_build_object('grantable', bool_or(acl.is_grantable)) as attributes,
       0 as rank,
       null::json as requires
from (
    select 'schema' as kind, s.name as schema, '' as name, '' as detail, s.owner,
           coalesce(s.acl, acldefault('n', s.owner)) as acl
    from space s
    union all
    select case r.kind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'view' else 'table' end,
           r.schema, r.name, '', r.owner,
           coalesce(r.acl, acldefault(case r.kind when 'S' then 's' else 'r' end::"char", r.owner))
    from relation r
    where r.kind in ('r', 'p', 'f', 'v', 'm', 'S')
    union all
    select 'column', r.schema, r.name, a.attname::text, r.owner, a.attacl
    from relation r
    join pg_attribute a on a.attrelid = r.oid
    where r.kind in ('r', 'p', 'f', 'v', 'm') and a.attacl is not null and not a.attisdropped
    union all
    select 'function', f.schema, f.name, f.arguments, f.owner, coalesce(f.acl, acldefault('f', f.owner))
    from routine f
    where f.kind in ('f', 'p', 'w')
    union all
    select case t.typtype when 'e' then 'enum' else 'domain' end, s.name, t.typname::text, '', t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
    from pg_type t
    join space s on s.oid = t.typnamespace
    where t.typtype in ('e', 'd')
      and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
) as g
cross join lateral aclexplode(g.acl) as acl
join role who on who.oid = acl.grantee
where acl.grantee <> g.owner and who.name <> '$owner'
group by g.kind, g.schema, g.name, g.detail, who.name, acl.privilege_type
