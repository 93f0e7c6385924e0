-- Reads the attributes of roles and what they are members of, for comparison with what they should be.
-- to_jsonb() because inherit_option and set_option exist from PostgreSQL 16 on; before, NOINHERIT is the role's own.
select r.rolname::text,
       r.rolcanlogin, r.rolinherit, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolbypassrls, r.rolreplication,
       coalesce((
           select jsonb_agg(jsonb_build_object(
                      'role', g.rolname,
                      'admin', m.admin_option,
                      'inherit', coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit),
                      'settable', coalesce((to_jsonb(m) ->> 'set_option')::boolean, true),
                      'grantor', pg_catalog.pg_get_userbyid(m.grantor))
                  order by g.rolname, m.grantor)
             from pg_catalog.pg_auth_members m join pg_catalog.pg_roles g on g.oid = m.roleid
            where m.member = r.oid), '[]')::text,
       coalesce((
           select jsonb_agg(b.rolname order by b.rolname)
             from pg_catalog.pg_roles b
            where (b.rolsuper or b.rolbypassrls) and b.oid <> r.oid and not r.rolsuper
              and pg_catalog.pg_has_role(r.oid, b.oid, 'MEMBER')), '[]')::text
  from pg_catalog.pg_roles r
 where r.rolname in ('anon', 'authenticated', 'service_role', :'app', :'service', :'owner')
