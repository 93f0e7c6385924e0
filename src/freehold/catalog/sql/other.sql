-- Everything else that lives in a schema, so that no difference goes unseen although no rule plans it.
select array[i.type, i.identity] as key,
       json_build_object('definition', o.definition) as attributes,
       0 as rank,
       null::json as requires
from (
    select 'pg_type'::regclass::oid as classid, t.oid as objid,
           (
               select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
               from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
           ) as definition
    from pg_type t
    join space s on s.oid = t.typnamespace
    left join pg_class c on c.oid = t.typrelid
    where t.typtype = 'r' or (t.typtype = 'c' and c.relkind = 'c')
    union all
    select 'pg_proc'::regclass, p.oid, p.oid::regprocedure::text from routine p where p.kind = 'a'
    union all
    select 'pg_rewrite'::regclass, w.oid, pg_get_ruledef(w.oid)
    from pg_rewrite w join relation r on r.oid = w.ev_class where w.rulename <> '_RETURN'
    union all
    select 'pg_statistic_ext'::regclass, x.oid, pg_get_statisticsobjdef(x.oid)
    from pg_statistic_ext x join space s on s.oid = x.stxnamespace
    union all
    select 'pg_operator'::regclass, x.oid, x.oprcode::text from pg_operator x join space s on s.oid = x.oprnamespace
    union all
    select 'pg_opclass'::regclass, x.oid, null from pg_opclass x join space s on s.oid = x.opcnamespace
    union all
    select 'pg_collation'::regclass, x.oid, null from pg_collation x join space s on s.oid = x.collnamespace
    union all
    select 'pg_ts_config'::regclass, x.oid, null from pg_ts_config x join space s on s.oid = x.cfgnamespace
    union all
    select 'pg_ts_dict'::regclass, x.oid, x.dictinitoption from pg_ts_dict x join space s on s.oid = x.dictnamespace
) as o
cross join lateral pg_identify_object(o.classid, o.objid, 0) as i
where not exists (select from pg_depend e where e.classid = o.classid and e.objid = o.objid and e.deptype = 'e')
