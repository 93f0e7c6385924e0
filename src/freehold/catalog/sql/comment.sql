-- Comments on everything that is a fact; the key is the object's kind and names (pg_identify_object_as_address).
select array[a.type] || a.object_names || case when a.object_args = '{}' then '{}' else array[array_to_string(a.object_args, ', ')] end as key,
       json_build_object('text', d.description) as attributes,
       0 as rank,
       null::json as requires
from (
    select 'pg_namespace'::regclass::oid as classid, oid as objid from space
    union all select 'pg_class'::regclass, oid from relation
    union all select 'pg_proc'::regclass, oid from routine
    union all select 'pg_constraint'::regclass, k.oid from pg_constraint k join relation r on r.oid = k.conrelid
    union all select 'pg_policy'::regclass, p.oid from pg_policy p join relation r on r.oid = p.polrelid
    union all select 'pg_trigger'::regclass, t.oid from pg_trigger t join relation r on r.oid = t.tgrelid
    union all select 'pg_type'::regclass, t.oid from pg_type t join space s on s.oid = t.typnamespace
) as o
join pg_description d on d.classoid = o.classid and d.objoid = o.objid
cross join lateral pg_identify_object_as_address(d.classoid, d.objoid, d.objsubid) as a
where not (a.type = 'schema' and a.object_names = '{public}')
