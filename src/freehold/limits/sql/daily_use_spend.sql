-- One use of the caller's, today by UTC, unless as many as `most` were counted. Whoever waited past midnight for another
-- counts on the day that has begun. A number only grows within its day, whatever is passed.
declare
    caller constant text := auth.jwt() ->> 'sub';
    counted bigint;
begin
    if caller is null then
        raise insufficient_privilege using message = 'nobody is signed in';
    end if;
    insert into {table} as u (user_id, id, day, used)
    values (caller, limit_name, (clock_timestamp() at time zone 'UTC')::date, 1)
    on conflict (user_id, id) do update
    set day = greatest(u.day, excluded.day), used = case when u.day < excluded.day then 1 else u.used + 1 end
    where u.day < excluded.day or u.used < most
    returning u.used into counted;
    return query select counted, clock_timestamp();
end
