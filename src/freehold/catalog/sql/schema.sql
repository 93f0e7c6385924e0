-- Schemas and their owners; the owner of public differs between servers and is nobody's choice.
select array[s.name] as key,
       json_build_object('owner', case when s.name <> 'public' then o.name end) as attributes,
       0 as rank,
       null::json as requires
from space s
join role o on o.oid = s.owner
