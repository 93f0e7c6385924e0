-- What roles may do in this database and its schema public: connect for our logins, look names up for callers,
-- create for the owner of the tables; nothing for everybody. Temporary objects are refused because pg_temp is
-- searched first: a caller could put a table of hers before ours.
revoke all on database :"database" from public;
grant connect on database :"database" to :"app", :"service";
grant connect, create on database :"database" to :"owner";
revoke all on schema public from public;
revoke create on schema public from anon, authenticated, service_role;
grant usage on schema public to anon, authenticated, service_role;
grant usage, create on schema public to :"owner";
