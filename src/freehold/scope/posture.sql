-- The role this connection logged in with: attributes that could bypass row security, the roles it can become
-- (directly or through others), those whose privileges it has without becoming them, and how many tables it owns. A superuser is a member of every role; its
-- memberships say nothing, so they are left out and the attribute speaks for it.
SELECT
    r.rolname::text,
    array_remove(ARRAY[
        CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
        CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
        CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN r.rolreplication THEN 'REPLICATION' END,
        CASE WHEN r.rolinherit THEN 'INHERIT' END
    ], NULL),
    ARRAY(
        SELECT other.rolname::text
        FROM pg_catalog.pg_roles AS other
        WHERE NOT r.rolsuper
          AND other.oid <> r.oid
          AND pg_catalog.pg_has_role(r.oid, other.oid, 'MEMBER')
    ),
    ARRAY(
        SELECT other.rolname::text
        FROM pg_catalog.pg_roles AS other
        WHERE NOT r.rolsuper
          AND other.oid <> r.oid
          AND pg_catalog.pg_has_role(r.oid, other.oid, 'USAGE')
    ),
    (
        SELECT count(*)::int
        FROM pg_catalog.pg_class AS c
        WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    )
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = session_user
