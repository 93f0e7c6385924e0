-- Whose session this is, and the claims it gives; nothing for one that has ended. That it was seen, which is what keeps
-- it from ending, is noted at most once a minute, and never waited for.
begin
    return query
        select s.id, s.user_id::text, {claims}
        from {table} s {join}
        where s.secret_hash = hash and s.revoked_at is null and s.expires_at > now();
    update {table} s
    set last_seen_at = now(), expires_at = least(s.ends_at, now() + make_interval(secs => s.idle_seconds))
    where (s.user_id, s.id) in (
        select k.user_id, k.id from {table} k
        where k.secret_hash = hash and k.revoked_at is null and k.expires_at > now()
          and k.last_seen_at <= now() - interval '1 minute'
        for no key update skip locked
    );
end
