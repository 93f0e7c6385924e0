-- What decides how bootstrap goes on: does a host own schema auth? does the connection's role have to be granted the
-- owner's role to make things in its name? did this very bootstrap run before?
select exists (
           select from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace
            where n.nspname = 'auth' and f.proname = 'uid'
              and pg_catalog.obj_description(n.oid, 'pg_namespace') is distinct from 'freehold: who the caller is'),
       not exists (
           select from pg_catalog.pg_roles me
            where me.rolname = current_user
              and (me.rolsuper or exists (select from pg_catalog.pg_roles o
                                           where o.rolname = :'owner' and pg_catalog.pg_has_role(o.oid, 'USAGE')))),
       pg_catalog.obj_description(pg_catalog.to_regnamespace('freehold'), 'pg_namespace')
           is not distinct from :'fingerprint',
       pg_catalog.current_database()::text
