-- What new objects will be granted. Where nothing was altered, the application owner has the server's defaults:
-- they are facts too, so that taking EXECUTE from PUBLIC is seen. Schema '' means all schemas.
select array[o.name, g.schema, g.objects, who.name, acl.privilege_type] as key,
       json_build_object('grantable', bool_or(acl.is_grantable)) as attributes,
       0 as rank,
       null::json as requires
from (
    select d.defaclrole as owner, coalesce(s.name, '') as schema, d.defaclobjtype as type, d.defaclacl as acl
    from pg_default_acl d
    left join space s on s.oid = d.defaclnamespace
    where d.defaclnamespace = 0 or s.oid is not null
    union all
    select o.oid, '', t.type, acldefault(case t.type when 'S' then 's' else t.type end, o.oid)
    from role o
    cross join (values ('r'::"char"), ('S'), ('f'), ('T'), ('n')) as t (type)
    where o.name = '$owner'
      and not exists (
          select from pg_default_acl d
          where d.defaclrole = o.oid and d.defaclnamespace = 0 and d.defaclobjtype = t.type)
) as x
cross join lateral (
    select x.schema, case x.type
        when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f' then 'FUNCTIONS' when 'T' then 'TYPES'
        when 'n' then 'SCHEMAS' else 'LARGE OBJECTS' end as objects
) as g
cross join lateral aclexplode(x.acl) as acl
join role o on o.oid = x.owner
join role who on who.oid = acl.grantee
where acl.grantee <> x.owner
group by o.name, g.schema, g.objects, who.name, acl.privilege_type
