-- Sequences, except those behind identity columns: they are the column's.
select array[r.schema, r.name] as key,
       json_build_object(
           'owner', o.name,
           'options', format(
               'AS %%s START WITH %%s INCREMENT BY %%s MINVALUE %%s MAXVALUE %%s CACHE %%s%%s',
               format_type(q.seqtypid, null), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
               case when q.seqcycle then ' CYCLE' else ' NO CYCLE' end),
           'owned_by', (
               select json_build_array(t.schema, t.name, a.attname)
               from pg_depend d
               join relation t on t.oid = d.refobjid
               join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
               where d.classid = 'pg_class'::regclass and d.objid = r.oid
                 and d.refclassid = 'pg_class'::regclass and d.deptype = 'a')
       ) as attributes,
       0 as rank,
       null::json as requires
from relation r
join pg_sequence q on q.seqrelid = r.oid
join role o on o.oid = r.owner
where not exists (
    select from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.deptype = 'i'
)
