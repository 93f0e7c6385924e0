-- Schema auth: who the caller is, for policies. The names and answers are Supabase's, so one schema serves both.
--
-- The settings are transaction-local. The one-claim settings are read first, as Supabase's functions do; after a
-- transaction a custom setting is '' and not null, hence nullif. auth.jwt() reads request.jwt.claims alone.
--
-- No SET search_path: PostgreSQL does not inline a function that has one (inline_function() wants no proconfig), and
-- these run in every policy. SQL-standard bodies instead (manual, CREATE FUNCTION): every name and operator, also the
-- "=" inside nullif, is resolved here, under bootstrap's pinned search_path, and never again under a caller's.
create schema if not exists auth;
comment on schema auth is 'freehold: who the caller is';
revoke all on schema auth from public;
grant usage on schema auth to anon, authenticated, service_role, :"owner";

create or replace function auth.uid() returns uuid language sql stable
return coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
)::uuid;

create or replace function auth.role() returns text language sql stable
return coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
);

create or replace function auth.email() returns text language sql stable
return coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
);

create or replace function auth.jwt() returns jsonb language sql stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb;

comment on function auth.uid() is 'The caller''s id, from the claim sub.';
comment on function auth.role() is 'The caller''s role, from the claim role.';
comment on function auth.email() is 'The caller''s address, from the claim email.';
comment on function auth.jwt() is 'The caller''s claims.';

revoke all on function auth.uid(), auth.role(), auth.email(), auth.jwt() from public;
grant execute on function auth.uid(), auth.role(), auth.email(), auth.jwt()
   to anon, authenticated, service_role, :"owner";
