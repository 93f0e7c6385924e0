-- What is still missing, as statements: GRANT and REVOKE by a role without the right to are only a warning.
-- :'hosted' says whether a host keeps the database's and the schema's own privileges.
select statement from (values
    (pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC;', :'database'),
     not :'hosted'::boolean and exists (
         select from pg_catalog.pg_database d,
                     pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
          where d.datname = :'database' and a.grantee = 0)),
    ('REVOKE ALL ON SCHEMA public FROM PUBLIC;',
     not :'hosted'::boolean and exists (
         select from pg_catalog.pg_namespace n,
                     pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
          where n.nspname = 'public' and a.grantee = 0)),
    ('GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;',
     not pg_catalog.has_schema_privilege('authenticated', 'public', 'USAGE')),
    (pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA public TO %I;', :'owner'),
     not pg_catalog.has_schema_privilege(:'owner', 'public', 'CREATE')),
    (pg_catalog.format('GRANT USAGE ON SCHEMA auth TO %I;', :'owner'),
     not pg_catalog.has_schema_privilege(:'owner', 'auth', 'USAGE'))
) as required (statement, missing) where missing
