-- Domains: a type with conditions of its own. checks are named, as CREATE DOMAIN takes them; requires names a domain it is
-- made of.
select array[s.name, t.typname::text] as key,
       json_build_object(
           'owner', o.name,
           'type', format_type(t.typbasetype, t.typtypmod),
           'default', coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)),
           'not_null', t.typnotnull,
           'collation', case when t.typcollation <> b.typcollation then t.typcollation::regcollation::text end,
           'checks', coalesce(
               (select json_agg(quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) order by k.conname)
                from pg_constraint k where k.contypid = t.oid and k.contype = 'c'),
               '[]')
       ) as attributes,
       0 as rank,
       coalesce(
           (select json_build_array(json_build_array('domain', n.name, b.typname::text))
            from space n where n.oid = b.typnamespace and b.typtype = 'd'),
           '[]') as requires
from pg_type t
join space s on s.oid = t.typnamespace
join pg_type b on b.oid = t.typbasetype
join role o on o.oid = t.typowner
where t.typtype = 'd'
  and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
