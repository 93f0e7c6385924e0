-- Tables: ordinary, partitioned and foreign, with whether row security is enabled and forced.
select array[r.schema, r.name] as key,
       json_build_object(
           'owner', o.name,
           'kind', case r.kind when 'r' then 'ordinary' when 'p' then 'partitioned' else 'foreign' end,
           'row_security', c.relrowsecurity,
           'forced', c.relforcerowsecurity,
           'persistence', case c.relpersistence when 'p' then 'permanent' when 'u' then 'unlogged' else 'temporary' end,
           'partition_by', pg_get_partkeydef(c.oid),
           'bound', pg_get_expr(c.relpartbound, c.oid),
           'parents', coalesce(
               (select json_agg(i.inhparent::regclass::text order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid),
               '[]'),
           'options', coalesce(to_json(c.reloptions), '[]'),
           'replica_identity', c.relreplident
       ) as attributes,
       0 as rank,
       coalesce(
           (select json_agg(json_build_array('table', p.schema, p.name) order by p.schema, p.name)
            from pg_inherits i join relation p on p.oid = i.inhparent where i.inhrelid = c.oid),
           '[]') as requires
from relation r
join pg_class c on c.oid = r.oid
join role o on o.oid = r.owner
where r.kind in ('r', 'p', 'f')
