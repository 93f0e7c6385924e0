-- Triggers that somebody created; those PostgreSQL keeps for constraints and partitions follow from other facts.
select array[r.schema, r.name, t.tgname::text] as key,
       json_build_object(
           'definition', pg_get_triggerdef(t.oid),
           'enabled', case t.tgenabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica' else 'always' end
       ) as attributes,
       0 as rank,
       null::json as requires
from relation r
join pg_trigger t on t.tgrelid = r.oid
where not t.tgisinternal and t.tgparentid = 0
