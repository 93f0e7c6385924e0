-- Indexes that no constraint made. valid is false after a failed CREATE INDEX CONCURRENTLY.
select array[t.schema, t.name, r.name] as key,
       json_build_object(
           'definition', pg_get_indexdef(r.oid),
           'unique', i.indisunique,
           'valid', i.indisvalid
       ) as attributes,
       0 as rank,
       null::json as requires
from relation r
join pg_index i on i.indexrelid = r.oid
join relation t on t.oid = i.indrelid
where not r.partition
  and not exists (select from pg_constraint k where k.conindid = r.oid and k.contype in ('p', 'u', 'x'))
