-- Roles are the cluster's, so they are read only on request: the attributes and memberships that could undo isolation.
select array[o.name] as key,
       json_build_object(
           'login', r.rolcanlogin,
           'superuser', r.rolsuper,
           'bypass_row_security', r.rolbypassrls,
           'create_role', r.rolcreaterole,
           'inherit', r.rolinherit,
           'member_of', coalesce(
               (select json_agg(distinct g.name order by g.name)
                from pg_auth_members m join role g on g.oid = m.roleid where m.member = r.oid),
               '[]')
       ) as attributes,
       0 as rank,
       null::json as requires
from role o
join pg_roles r on r.oid = o.oid
where r.rolname !~ '^pg_'
