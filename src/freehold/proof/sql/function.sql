-- Functions and procedures that a caller may execute, or that are declared, but for triggers' and extensions', with the types of their arguments.
select json_build_object(
    'schema', n.nspname,
    'name', p.proname,
    'procedure', p.prokind = 'p',
    'signature', format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
    'declared', d.signature,
    'arguments', coalesce((
        select json_agg(json_build_object('type', format_type(t.oid, null), 'base', b.typname, 'category', b.typcategory,
            'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e
                                where e.enumtypid = b.oid), '[]')) order by a.place)
        from unnest(p.proargtypes) with ordinality as a (type, place)
        join pg_catalog.pg_type t on t.oid = a.type
        join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
        where a.place <= p.pronargs - p.pronargdefaults), '[]')
)::text
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
left join unnest(%(declared)s::text[]) as d (signature) on to_regprocedure(d.signature) = p.oid
where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'freehold', 'freehold_proof')
  and not (n.nspname = any (%(hosted)s))
  and p.prokind in ('f', 'p') and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and not exists (select from pg_catalog.pg_depend e
                  where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
  and (d.signature is not null
       or exists (select from pg_catalog.pg_roles r
                  where r.rolname = any (%(callers)s) and has_function_privilege(r.oid, p.oid, 'EXECUTE')
                    and has_schema_privilege(r.oid, n.oid, 'USAGE')))
order by n.nspname, p.proname, p.oid
