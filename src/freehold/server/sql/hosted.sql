-- The same on a database whose host (Supabase) made roles, schema auth and their privileges: only our roles get
-- theirs. The owner of the tables must be able to name auth.uid() in a policy.
grant connect, create on database :"database" to :"owner";
grant connect on database :"database" to :"app", :"service";
grant usage, create on schema public to :"owner";
grant usage on schema auth to :"owner";
