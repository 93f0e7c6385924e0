-- Columns of tables, as declared on the table itself; inherited ones belong to the parent.
-- rank is the place in the table, which is not compared: a column cannot be moved.
select array[r.schema, r.name, a.attname::text] as key,
       json_build_object(
           'type', format_type(a.atttypid, a.atttypmod),
           'not_null', a.attnotnull,
           'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
           'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
           'stored', case when a.attgenerated <> '' then a.attgenerated = 's' end,
           'identity', case a.attidentity when 'a' then 'ALWAYS' when 'd' then 'BY DEFAULT' end,
           'identity_options', case when a.attidentity <> '' then (
               select format(
                   'START WITH %%s INCREMENT BY %%s MINVALUE %%s MAXVALUE %%s CACHE %%s%%s',
                   q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
                   case when q.seqcycle then ' CYCLE' else '' end)
               from pg_depend x
               join pg_sequence q on q.seqrelid = x.objid
               where x.classid = 'pg_class'::regclass and x.refclassid = 'pg_class'::regclass
                 and x.refobjid = a.attrelid and x.refobjsubid = a.attnum and x.deptype = 'i'
           ) end,
           'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end
       ) as attributes,
       a.attnum as rank,
       null::json as requires
from relation r
join pg_attribute a on a.attrelid = r.oid
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where r.kind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and a.attislocal
