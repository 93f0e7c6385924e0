-- Whose token this is, and what it is good for; nothing for a token there is none of. The use is noted at most once a
-- minute, and never waited for: whoever holds the row is either noting it too, or about to end the token.
begin
    return query
        select t.id, t.user_id::text, t.scopes, coalesce(t.expires_at <= now(), false), {claims}
        from {table} t {join}
        where t.token_hash = hash;
    update {table} t set last_used_at = now()
    where (t.user_id, t.id) in (
        select k.user_id, k.id from {table} k
        where k.token_hash = hash
          and (k.expires_at is null or k.expires_at > now())
          and (k.last_used_at is null or k.last_used_at <= now() - interval '1 minute')
        for no key update skip locked
    );
end
