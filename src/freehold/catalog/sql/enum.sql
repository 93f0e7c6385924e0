-- Enumerated types and their labels, in order.
select array[s.name, t.typname::text] as key,
       json_build_object(
           'owner', o.name,
           'labels', (select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]') from pg_enum e where e.enumtypid = t.oid)
       ) as attributes,
       0 as rank,
       null::json as requires
from pg_type t
join space s on s.oid = t.typnamespace
join role o on o.oid = t.typowner
where t.typtype = 'e'
  and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
