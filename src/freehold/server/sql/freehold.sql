-- Schema freehold: the library's own, owned by the role that migrates. Callers need nothing in it: a trigger's
-- function runs without EXECUTE for whoever fires it (manual, CREATE TRIGGER).
create schema if not exists freehold authorization :"owner";
alter schema freehold owner to :"owner";
revoke all on schema freehold from public;

create or replace function freehold.set_updated_at() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    if tg_nargs = 0 then
        new.updated_at := now();
    else -- the column has another name
        new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], now()));
    end if;
    return new;
end
$$;
comment on function freehold.set_updated_at() is 'Keeps updated_at, whatever the caller sent.';
alter function freehold.set_updated_at() owner to :"owner";
revoke all on function freehold.set_updated_at() from public;

-- Lets a later start see that there is nothing to do.
comment on schema freehold is :'fingerprint';
