-- Settings kept for databases and roles, which everybody may read: names and values, to look for secrets in them.
select coalesce(d.datname::text, ''), coalesce(r.rolname::text, ''), s.entry
from pg_catalog.pg_db_role_setting g
left join pg_catalog.pg_database d on d.oid = g.setdatabase
left join pg_catalog.pg_roles r on r.oid = g.setrole
cross join lateral unnest(g.setconfig) as s (entry)
where (g.setdatabase = 0 or d.datname = pg_catalog.current_database())
