-- One use of the caller's (GCRA): it moves `whole_at` one gap on, and is refused where that would be more than `seconds`
-- from now. The moment is only ever put off, whatever is passed.
declare
    caller constant text := auth.jwt() ->> 'sub';
    moment timestamptz;
    allowed boolean;
begin
    if caller is null then
        raise insufficient_privilege using message = 'nobody is signed in';
    end if;
    if (most >= 1 and seconds > 0 and seconds <= 86400) is not true then
        raise invalid_parameter_value using message = 'there is no such limit';
    end if;
    insert into {table} as u (user_id, id, whole_at)
    values (caller, limit_name, clock_timestamp() + make_interval(secs => seconds / most))
    on conflict (user_id, id) do update
    set whole_at = greatest(u.whole_at, clock_timestamp()) + make_interval(secs => seconds / most)
    where u.whole_at <= clock_timestamp() + make_interval(secs => seconds * (most - 1) / most)
    returning u.whole_at into moment;
    allowed := moment is not null;
    if not allowed then
        select u.whole_at into moment from {table} u where u.user_id = caller and u.id = limit_name;
    end if;
    return query select allowed, extract(epoch from moment - clock_timestamp())::double precision;
end
