-- A new token of the caller's, in place of another or beside the others. The lock makes counting and inserting one step
-- for each user. Statements of one transaction see what the lock waited for only in READ COMMITTED. Whoever makes it with a
-- token makes none that is good for longer.
declare
    caller constant {owner} := (auth.jwt() ->> 'sub')::{owner};
    held constant jsonb := auth.jwt() -> 'scopes';
    held_until constant timestamptz := (
        select t.expires_at from {table} t where t.user_id = caller and t.id = auth.jwt() ->> 'token_id');
begin
    if caller is null then
        raise insufficient_privilege using message = 'nobody is signed in';
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise feature_not_supported using message = 'tokens are made in READ COMMITTED only';
    end if;
    if held is not null and not (held ? 'tokens:write' and held @> allowed) then
        raise exception using errcode = 'FH701', message = 'the credential cannot make such a token';
    end if;
    until := least(until, held_until);
    perform pg_advisory_xact_lock(hashtextextended('{table} ' || caller::text, 0));
    delete from {table} t where t.user_id = caller and t.expires_at < now() - interval '30 days';
    if (select count(*) from {table} t
        where t.user_id = caller and t.id is distinct from replaces
          and (t.expires_at is null or t.expires_at > now())) >= {most} then
        raise exception using errcode = 'FH702', message = 'too many tokens';
    end if;
    if replaces is not null then
        update {table} t set expires_at = least(t.expires_at, now() + overlap)
        where t.user_id = caller and t.id = replaces and (t.expires_at is null or t.expires_at > now());
        if not found then
            return;
        end if;
    end if;
    insert into {table} (id, user_id, name, token_hash, token_prefix, scopes, expires_at)
    values (token_id, caller, title, hash, prefix, allowed, until);
    return query select token_id, until;
end
