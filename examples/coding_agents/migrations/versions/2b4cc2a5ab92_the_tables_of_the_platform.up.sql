-- freehold: revision 2b4cc2a5ab92
-- freehold: facts 6f0717c3f4ae1d96853f079c9eb4eac037603385bf6cb64dc078c7f42c92b7b1 18
-- the tables of the platform
-- +17 tables, +5 indexes, +5 functions, +51 policies, +9 triggers, +180 grants, no grant removed, no policy weakened
-- squawk require-concurrent-index-creation, require-concurrent-index-deletion: the table or view is as new, or --allow-blocking was given

-- freehold: unit transaction

-- freehold: statement
CREATE OR REPLACE FUNCTION public.api_tokens_create(token_id text, title text, hash text, prefix text, allowed jsonb, until timestamp with time zone, replaces text, overlap interval)
 RETURNS TABLE(made text, ends timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$-- A new token of the caller's, in place of another or beside the others. The lock makes counting and inserting one step
-- for each user. Statements of one transaction see what the lock waited for only in READ COMMITTED.
declare
    caller constant TEXT := (auth.jwt() ->> 'sub')::TEXT;
    held constant jsonb := auth.jwt() -> 'scopes';
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
    perform pg_advisory_xact_lock(hashtextextended('"public"."api_tokens" ' || caller::text, 0));
    delete from "public"."api_tokens" t where t.user_id = caller and t.expires_at < now() - interval '30 days';
    if (select count(*) from "public"."api_tokens" t
        where t.user_id = caller and t.id is distinct from replaces
          and (t.expires_at is null or t.expires_at > now())) >= 20 then
        raise exception using errcode = 'FH702', message = 'too many tokens';
    end if;
    if replaces is not null then
        update "public"."api_tokens" t set expires_at = least(t.expires_at, now() + overlap)
        where t.user_id = caller and t.id = replaces and (t.expires_at is null or t.expires_at > now());
        if not found then
            return;
        end if;
    end if;
    insert into "public"."api_tokens" (id, user_id, name, token_hash, token_prefix, scopes, expires_at)
    values (token_id, caller, title, hash, prefix, allowed, until);
    return query select token_id, until;
end$function$;

-- freehold: statement
REVOKE ALL ON FUNCTION "public"."api_tokens_create"(token_id text, title text, hash text, prefix text, allowed jsonb, until timestamp with time zone, replaces text, overlap interval) FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE OR REPLACE FUNCTION public.api_tokens_verify(hash text)
 RETURNS TABLE(token text, holder text, good_for jsonb, expired boolean, claims jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$-- Whose token this is, and what it is good for; nothing for a token there is none of. The use is noted at most once a
-- minute, and never waited for: whoever holds the row is either noting it too, or about to end the token.
begin
    return query
        select t.id, t.user_id::text, t.scopes, coalesce(t.expires_at <= now(), false), jsonb_strip_nulls(jsonb_build_object('email', u."email"))
        from "public"."api_tokens" t left join "public"."users" u on u.id = t.user_id
        where t.token_hash = hash;
    update "public"."api_tokens" t set last_used_at = now()
    where (t.user_id, t.id) in (
        select k.user_id, k.id from "public"."api_tokens" k
        where k.token_hash = hash
          and (k.expires_at is null or k.expires_at > now())
          and (k.last_used_at is null or k.last_used_at <= now() - interval '1 minute')
        for no key update skip locked
    );
end$function$;

-- freehold: statement
REVOKE ALL ON FUNCTION "public"."api_tokens_verify"(hash text) FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE OR REPLACE FUNCTION public.freehold_burst_uses_spend(limit_name text, most bigint, seconds double precision)
 RETURNS TABLE(granted boolean, ahead double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$-- One use of the caller's (GCRA): it moves `whole_at` one gap on, and is refused where that would be more than `seconds`
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
    insert into public.freehold_burst_uses as u (user_id, id, whole_at)
    values (caller, limit_name, clock_timestamp() + make_interval(secs => seconds / most))
    on conflict (user_id, id) do update
    set whole_at = greatest(u.whole_at, clock_timestamp()) + make_interval(secs => seconds / most)
    where u.whole_at <= clock_timestamp() + make_interval(secs => seconds * (most - 1) / most)
    returning u.whole_at into moment;
    allowed := moment is not null;
    if not allowed then
        select u.whole_at into moment from public.freehold_burst_uses u where u.user_id = caller and u.id = limit_name;
    end if;
    return query select allowed, extract(epoch from moment - clock_timestamp())::double precision;
end$function$;

-- freehold: statement
REVOKE ALL ON FUNCTION "public"."freehold_burst_uses_spend"(limit_name text, most bigint, seconds double precision) FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE OR REPLACE FUNCTION public.freehold_daily_uses_spend(limit_name text, most bigint)
 RETURNS TABLE(spent bigint, moment timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$-- One use of the caller's, today by UTC, unless as many as `most` were counted. Whoever waited past midnight for another
-- counts on the day that has begun. A number only grows within its day, whatever is passed.
declare
    caller constant text := auth.jwt() ->> 'sub';
    counted bigint;
begin
    if caller is null then
        raise insufficient_privilege using message = 'nobody is signed in';
    end if;
    insert into public.freehold_daily_uses as u (user_id, id, day, used)
    values (caller, limit_name, (clock_timestamp() at time zone 'UTC')::date, 1)
    on conflict (user_id, id) do update
    set day = greatest(u.day, excluded.day), used = case when u.day < excluded.day then 1 else u.used + 1 end
    where u.day < excluded.day or u.used < most
    returning u.used into counted;
    return query select counted, clock_timestamp();
end$function$;

-- freehold: statement
REVOKE ALL ON FUNCTION "public"."freehold_daily_uses_spend"(limit_name text, most bigint) FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE OR REPLACE FUNCTION public.sessions_verify(hash text)
 RETURNS TABLE(session text, holder text, claims jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$-- Whose session this is, and the claims it gives; nothing for one that has ended. That it was seen, which is what keeps
-- it from ending, is noted at most once a minute, and never waited for.
begin
    return query
        select s.id, s.user_id::text, jsonb_strip_nulls(jsonb_build_object('email', u."email"))
        from "public"."sessions" s left join "public"."users" u on u.id = s.user_id
        where s.secret_hash = hash and s.revoked_at is null and s.expires_at > now();
    update "public"."sessions" s
    set last_seen_at = now(), expires_at = least(s.ends_at, now() + make_interval(secs => s.idle_seconds))
    where (s.user_id, s.id) in (
        select k.user_id, k.id from "public"."sessions" k
        where k.secret_hash = hash and k.revoked_at is null and k.expires_at > now()
          and k.last_seen_at <= now() - interval '1 minute'
        for no key update skip locked
    );
end$function$;

-- freehold: statement
REVOKE ALL ON FUNCTION "public"."sessions_verify"(hash text) FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."accounts" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "provider" text DEFAULT 'github'::text NOT NULL,
    "external_user_id" text NOT NULL,
    "access_token" text NOT NULL,
    "refresh_token" text,
    "expires_at" timestamp with time zone,
    "scope" text,
    "username" text NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "ck_accounts_access_token_sealed" CHECK ((access_token ~~ 'fh1.%'::text)),
    CONSTRAINT "ck_accounts_provider" CHECK ((provider = 'github'::text)),
    CONSTRAINT "ck_accounts_refresh_token_sealed" CHECK ((refresh_token ~~ 'fh1.%'::text)),
    CONSTRAINT "pk_accounts" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_accounts_user_id_provider" UNIQUE (user_id, provider)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."accounts" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."api_tokens" (
    "id" text NOT NULL,
    "name" text NOT NULL,
    "token_hash" text NOT NULL,
    "token_prefix" text NOT NULL,
    "scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
    "last_used_at" timestamp with time zone,
    "expires_at" timestamp with time zone,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    CONSTRAINT "pk_api_tokens" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_api_tokens_token_hash" UNIQUE (token_hash)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."api_tokens" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."connectors" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "name" text NOT NULL,
    "description" text,
    "type" text DEFAULT 'remote'::text NOT NULL,
    "base_url" text,
    "oauth_client_id" text,
    "oauth_client_secret" text,
    "command" text,
    "env" text,
    "status" text DEFAULT 'disconnected'::text NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "ck_connectors_env_sealed" CHECK ((env ~~ 'fh1.%'::text)),
    CONSTRAINT "ck_connectors_oauth_client_secret_sealed" CHECK ((oauth_client_secret ~~ 'fh1.%'::text)),
    CONSTRAINT "ck_connectors_status" CHECK ((status = ANY (ARRAY['connected'::text, 'disconnected'::text]))),
    CONSTRAINT "ck_connectors_type" CHECK ((type = ANY (ARRAY['local'::text, 'remote'::text]))),
    CONSTRAINT "pk_connectors" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_connectors_user_id_name" UNIQUE (user_id, name)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."connectors" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."freehold_burst_uses" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "whole_at" timestamp with time zone NOT NULL,
    CONSTRAINT "pk_freehold_burst_uses" PRIMARY KEY (user_id, id)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."freehold_burst_uses" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."freehold_daily_uses" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "day" date NOT NULL,
    "used" bigint NOT NULL,
    CONSTRAINT "pk_freehold_daily_uses" PRIMARY KEY (user_id, id)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."freehold_daily_uses" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."freehold_idempotency_keys" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "request" text NOT NULL,
    "status" bigint NOT NULL,
    "headers" jsonb DEFAULT '{}'::jsonb NOT NULL,
    "body" bytea NOT NULL,
    "expires_at" timestamp with time zone NOT NULL,
    CONSTRAINT "pk_freehold_idempotency_keys" PRIMARY KEY (user_id, id)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."freehold_idempotency_keys" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."freehold_tags" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "version" bigint NOT NULL,
    CONSTRAINT "pk_freehold_tags" PRIMARY KEY (user_id, id)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."freehold_tags" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."key_progress" (
    "job" text NOT NULL,
    "after" jsonb NOT NULL,
    "done" bigint NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "pk_key_progress" PRIMARY KEY (job)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."key_progress" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."keys" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "provider" text NOT NULL,
    "value" text NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "ck_keys_provider" CHECK ((provider = ANY (ARRAY['anthropic'::text, 'openai'::text, 'cursor'::text, 'gemini'::text, 'aigateway'::text, 'github'::text]))),
    CONSTRAINT "ck_keys_value_sealed" CHECK ((value ~~ 'fh1.%'::text)),
    CONSTRAINT "pk_keys" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_keys_user_id_provider" UNIQUE (user_id, provider)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."keys" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."platform_settings" (
    "id" text NOT NULL,
    "key" text NOT NULL,
    "value" text NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "pk_platform_settings" PRIMARY KEY (id),
    CONSTRAINT "uq_platform_settings_key" UNIQUE (key)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."platform_settings" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."sessions" (
    "id" text NOT NULL,
    "secret_hash" text NOT NULL,
    "last_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "expires_at" timestamp with time zone NOT NULL,
    "ends_at" timestamp with time zone NOT NULL,
    "idle_seconds" bigint NOT NULL,
    "user_agent" text,
    "revoked_at" timestamp with time zone,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    CONSTRAINT "pk_sessions" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_sessions_secret_hash" UNIQUE (secret_hash)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."sessions" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."settings" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "key" text NOT NULL,
    "value" text NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "pk_settings" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_settings_user_id_key" UNIQUE (user_id, key)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."settings" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."task_log_chunks" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "task_id" text NOT NULL,
    "last" bigint NOT NULL,
    "entries" jsonb NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "pk_task_log_chunks" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_task_log_chunks_user_id_task_id_last" UNIQUE (user_id, task_id, last)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."task_log_chunks" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."task_messages" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "task_id" text NOT NULL,
    "role" text DEFAULT 'user'::text NOT NULL,
    "content" text NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "ck_task_messages_role" CHECK ((role = ANY (ARRAY['user'::text, 'agent'::text]))),
    CONSTRAINT "pk_task_messages" PRIMARY KEY (user_id, id)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."task_messages" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."tasks" (
    "id" text NOT NULL,
    "user_id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "prompt" text NOT NULL,
    "title" text,
    "repo_url" text,
    "selected_agent" text DEFAULT 'claude'::text NOT NULL,
    "selected_model" text,
    "install_dependencies" boolean DEFAULT false NOT NULL,
    "max_duration" bigint DEFAULT 300 NOT NULL,
    "keep_alive" boolean DEFAULT false NOT NULL,
    "status" text DEFAULT 'pending'::text NOT NULL,
    "progress" bigint DEFAULT 0 NOT NULL,
    "logs" jsonb DEFAULT '[]'::jsonb NOT NULL,
    "log_length" bigint DEFAULT 0 NOT NULL,
    "attempts" bigint DEFAULT 0 NOT NULL,
    "error" text,
    "branch_name" text,
    "source_branch" text,
    "sandbox_id" text,
    "agent_session_id" text,
    "sandbox_url" text,
    "preview_url" text,
    "pr_url" text,
    "pr_number" bigint,
    "pr_status" text,
    "pr_merge_commit_sha" text,
    "mcp_server_ids" jsonb DEFAULT '[]'::jsonb NOT NULL,
    "sub_agent_activity" jsonb DEFAULT '[]'::jsonb NOT NULL,
    "current_sub_agent" text,
    "last_heartbeat" timestamp with time zone,
    "heartbeat_extension_count" bigint DEFAULT 0 NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    "completed_at" timestamp with time zone,
    "deleted_at" timestamp with time zone,
    CONSTRAINT "ck_tasks_max_duration" CHECK (((max_duration >= 1) AND (max_duration <= 300))),
    CONSTRAINT "ck_tasks_pr_status" CHECK ((pr_status = ANY (ARRAY['open'::text, 'closed'::text, 'merged'::text]))),
    CONSTRAINT "ck_tasks_progress" CHECK (((progress >= 0) AND (progress <= 100))),
    CONSTRAINT "ck_tasks_selected_agent" CHECK ((selected_agent = ANY (ARRAY['claude'::text, 'codex'::text, 'copilot'::text, 'cursor'::text, 'gemini'::text, 'opencode'::text]))),
    CONSTRAINT "ck_tasks_status" CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'error'::text, 'stopped'::text]))),
    CONSTRAINT "pk_tasks" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_tasks_user_id_branch_name" UNIQUE (user_id, branch_name)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."tasks" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."user_keys" (
    "user_id" text NOT NULL,
    "generation" integer NOT NULL,
    "wrapped_key" text NOT NULL,
    "ring_key_id" text NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "pk_user_keys" PRIMARY KEY (user_id, generation)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."user_keys" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
CREATE TABLE "public"."users" (
    "id" text DEFAULT (auth.jwt() ->> 'sub'::text) NOT NULL,
    "provider" text NOT NULL,
    "external_id" text NOT NULL,
    "access_token" text NOT NULL,
    "refresh_token" text,
    "scope" text,
    "username" text NOT NULL,
    "email" text,
    "name" text,
    "avatar_url" text,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    "last_login_at" timestamp with time zone,
    CONSTRAINT "ck_users_access_token_sealed" CHECK ((access_token ~~ 'fh1.%'::text)),
    CONSTRAINT "ck_users_provider" CHECK ((provider = ANY (ARRAY['github'::text, 'vercel'::text]))),
    CONSTRAINT "ck_users_refresh_token_sealed" CHECK ((refresh_token ~~ 'fh1.%'::text)),
    CONSTRAINT "pk_users" PRIMARY KEY (id),
    CONSTRAINT "uq_users_provider_external_id" UNIQUE (provider, external_id)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."users" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
ALTER TABLE "public"."accounts" ADD CONSTRAINT "fk_accounts_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."api_tokens" ADD CONSTRAINT "fk_api_tokens_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."connectors" ADD CONSTRAINT "fk_connectors_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."keys" ADD CONSTRAINT "fk_keys_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."sessions" ADD CONSTRAINT "fk_sessions_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."settings" ADD CONSTRAINT "fk_settings_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."task_log_chunks" ADD CONSTRAINT "fk_task_log_chunks_user_id_task_id_tasks" FOREIGN KEY (user_id, task_id) REFERENCES public.tasks(user_id, id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."task_log_chunks" ADD CONSTRAINT "fk_task_log_chunks_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."task_messages" ADD CONSTRAINT "fk_task_messages_user_id_task_id_tasks" FOREIGN KEY (user_id, task_id) REFERENCES public.tasks(user_id, id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."task_messages" ADD CONSTRAINT "fk_task_messages_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
ALTER TABLE "public"."tasks" ADD CONSTRAINT "fk_tasks_user_id_users" FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

-- freehold: statement
CREATE INDEX ix_task_messages_user_id_task_id_created_at ON public.task_messages USING btree (user_id, task_id, created_at);

-- freehold: statement
CREATE INDEX ix_tasks_status_created_at_live ON public.tasks USING btree (status, created_at) WHERE ((status = ANY (ARRAY['pending'::text, 'processing'::text])) AND (deleted_at IS NULL));

-- freehold: statement
CREATE INDEX ix_tasks_user_id_created_at ON public.tasks USING btree (user_id, created_at DESC) WHERE (deleted_at IS NULL);

-- freehold: statement
CREATE INDEX ix_tasks_user_id_status ON public.tasks USING btree (user_id, status);

-- freehold: statement
CREATE INDEX ix_user_keys_ring_key_id ON public.user_keys USING btree (ring_key_id);

-- freehold: statement
ALTER TABLE "public"."accounts" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."accounts" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."api_tokens" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."api_tokens" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."connectors" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."connectors" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_burst_uses" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_burst_uses" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_daily_uses" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_daily_uses" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_idempotency_keys" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_idempotency_keys" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_tags" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."freehold_tags" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."key_progress" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."key_progress" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."keys" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."keys" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."platform_settings" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."platform_settings" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."sessions" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."sessions" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."settings" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."settings" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."task_log_chunks" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."task_log_chunks" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."task_messages" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."task_messages" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."tasks" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."tasks" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."user_keys" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."user_keys" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."users" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."users" FORCE ROW LEVEL SECURITY;

-- freehold: statement
CREATE POLICY "accounts_delete_authenticated" ON "public"."accounts" AS PERMISSIVE FOR DELETE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "accounts_select_authenticated" ON "public"."accounts" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "api_tokens_delete_authenticated" ON "public"."api_tokens" AS PERMISSIVE FOR DELETE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "api_tokens_delete_definer" ON "public"."api_tokens" AS PERMISSIVE FOR DELETE
    TO CURRENT_USER
    USING (true);

-- freehold: statement
CREATE POLICY "api_tokens_insert_definer" ON "public"."api_tokens" AS PERMISSIVE FOR INSERT
    TO CURRENT_USER
    WITH CHECK (true);

-- freehold: statement
CREATE POLICY "api_tokens_select_authenticated" ON "public"."api_tokens" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "api_tokens_select_definer" ON "public"."api_tokens" AS PERMISSIVE FOR SELECT
    TO CURRENT_USER
    USING (true);

-- freehold: statement
CREATE POLICY "api_tokens_update_definer" ON "public"."api_tokens" AS PERMISSIVE FOR UPDATE
    TO CURRENT_USER
    USING (true)
    WITH CHECK (true);

-- freehold: statement
CREATE POLICY "connectors_delete_authenticated" ON "public"."connectors" AS PERMISSIVE FOR DELETE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "connectors_insert_authenticated" ON "public"."connectors" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "connectors_select_authenticated" ON "public"."connectors" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "connectors_update_authenticated" ON "public"."connectors" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))))
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_burst_uses_insert_definer" ON "public"."freehold_burst_uses" AS PERMISSIVE FOR INSERT
    TO CURRENT_USER
    WITH CHECK (true);

-- freehold: statement
CREATE POLICY "freehold_burst_uses_select_authenticated" ON "public"."freehold_burst_uses" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_burst_uses_select_definer" ON "public"."freehold_burst_uses" AS PERMISSIVE FOR SELECT
    TO CURRENT_USER
    USING (true);

-- freehold: statement
CREATE POLICY "freehold_burst_uses_update_definer" ON "public"."freehold_burst_uses" AS PERMISSIVE FOR UPDATE
    TO CURRENT_USER
    USING (true)
    WITH CHECK (true);

-- freehold: statement
CREATE POLICY "freehold_daily_uses_insert_definer" ON "public"."freehold_daily_uses" AS PERMISSIVE FOR INSERT
    TO CURRENT_USER
    WITH CHECK (true);

-- freehold: statement
CREATE POLICY "freehold_daily_uses_select_authenticated" ON "public"."freehold_daily_uses" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_daily_uses_select_definer" ON "public"."freehold_daily_uses" AS PERMISSIVE FOR SELECT
    TO CURRENT_USER
    USING (true);

-- freehold: statement
CREATE POLICY "freehold_daily_uses_update_definer" ON "public"."freehold_daily_uses" AS PERMISSIVE FOR UPDATE
    TO CURRENT_USER
    USING (true)
    WITH CHECK (true);

-- freehold: statement
CREATE POLICY "freehold_idempotency_keys_delete_authenticated" ON "public"."freehold_idempotency_keys" AS PERMISSIVE FOR DELETE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_idempotency_keys_insert_authenticated" ON "public"."freehold_idempotency_keys" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_idempotency_keys_select_authenticated" ON "public"."freehold_idempotency_keys" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_idempotency_keys_update_authenticated" ON "public"."freehold_idempotency_keys" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))))
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_tags_insert_authenticated" ON "public"."freehold_tags" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_tags_select_authenticated" ON "public"."freehold_tags" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "freehold_tags_update_authenticated" ON "public"."freehold_tags" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))))
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "keys_delete_authenticated" ON "public"."keys" AS PERMISSIVE FOR DELETE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "keys_insert_authenticated" ON "public"."keys" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "keys_select_authenticated" ON "public"."keys" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "keys_update_authenticated" ON "public"."keys" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))))
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "platform_settings_select_anon_authenticated" ON "public"."platform_settings" AS PERMISSIVE FOR SELECT
    TO "anon", "authenticated"
    USING (true);

-- freehold: statement
CREATE POLICY "sessions_insert_authenticated" ON "public"."sessions" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (( SELECT (auth.jwt() ->> 'token_id'::text)) IS NULL)));

-- freehold: statement
CREATE POLICY "sessions_select_authenticated" ON "public"."sessions" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "sessions_select_definer" ON "public"."sessions" AS PERMISSIVE FOR SELECT
    TO CURRENT_USER
    USING (true);

-- freehold: statement
CREATE POLICY "sessions_update_authenticated" ON "public"."sessions" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (revoked_at IS NULL)))
    WITH CHECK (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (revoked_at IS NOT NULL)));

-- freehold: statement
CREATE POLICY "sessions_update_definer" ON "public"."sessions" AS PERMISSIVE FOR UPDATE
    TO CURRENT_USER
    USING (true)
    WITH CHECK (true);

-- freehold: statement
CREATE POLICY "settings_delete_authenticated" ON "public"."settings" AS PERMISSIVE FOR DELETE
    TO "authenticated"
    USING (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (key <> 'maxMessagesPerDay'::text)));

-- freehold: statement
CREATE POLICY "settings_insert_authenticated" ON "public"."settings" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (key <> 'maxMessagesPerDay'::text)));

-- freehold: statement
CREATE POLICY "settings_select_authenticated" ON "public"."settings" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "settings_update_authenticated" ON "public"."settings" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (key <> 'maxMessagesPerDay'::text)))
    WITH CHECK (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (key <> 'maxMessagesPerDay'::text)));

-- freehold: statement
CREATE POLICY "task_log_chunks_select_authenticated" ON "public"."task_log_chunks" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "task_messages_insert_authenticated" ON "public"."task_messages" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "task_messages_select_authenticated" ON "public"."task_messages" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "tasks_insert_authenticated" ON "public"."tasks" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "tasks_select_authenticated" ON "public"."tasks" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "tasks_update_authenticated" ON "public"."tasks" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))))
    WITH CHECK (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND ((status = ANY (ARRAY['stopped'::text, 'pending'::text])) OR (deleted_at IS NOT NULL))));

-- freehold: statement
CREATE POLICY "user_keys_insert_authenticated" ON "public"."user_keys" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (generation = 1)));

-- freehold: statement
CREATE POLICY "user_keys_select_authenticated" ON "public"."user_keys" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "users_select_authenticated" ON "public"."users" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "users_select_definer" ON "public"."users" AS PERMISSIVE FOR SELECT
    TO CURRENT_USER
    USING (true);

-- freehold: statement
CREATE TRIGGER accounts_updated_at BEFORE UPDATE ON public.accounts FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER api_tokens_updated_at BEFORE UPDATE ON public.api_tokens FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER connectors_updated_at BEFORE UPDATE ON public.connectors FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER keys_updated_at BEFORE UPDATE ON public.keys FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER platform_settings_updated_at BEFORE UPDATE ON public.platform_settings FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER settings_updated_at BEFORE UPDATE ON public.settings FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER task_messages_updated_at BEFORE UPDATE ON public.task_messages FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER tasks_updated_at BEFORE UPDATE ON public.tasks FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
CREATE TRIGGER users_updated_at BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
GRANT EXECUTE ON FUNCTION "public"."api_tokens_create"(token_id text, title text, hash text, prefix text, allowed jsonb, until timestamp with time zone, replaces text, overlap interval) TO "authenticated";

-- freehold: statement
GRANT EXECUTE ON FUNCTION "public"."api_tokens_verify"(hash text) TO "anon";

-- freehold: statement
GRANT EXECUTE ON FUNCTION "public"."freehold_burst_uses_spend"(limit_name text, most bigint, seconds double precision) TO "authenticated";

-- freehold: statement
GRANT EXECUTE ON FUNCTION "public"."freehold_daily_uses_spend"(limit_name text, most bigint) TO "authenticated";

-- freehold: statement
GRANT EXECUTE ON FUNCTION "public"."sessions_verify"(hash text) TO "anon";

-- freehold: statement
GRANT DELETE, SELECT ON TABLE "public"."accounts" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."accounts" TO "service_role";

-- freehold: statement
GRANT DELETE, SELECT ("id", "name", "token_prefix", "scopes", "last_used_at", "expires_at", "created_at", "updated_at", "user_id") ON TABLE "public"."api_tokens" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."api_tokens" TO "service_role";

-- freehold: statement
GRANT DELETE, SELECT, INSERT ("id", "user_id", "name", "description", "type", "base_url", "oauth_client_id", "oauth_client_secret", "command", "env", "status"), UPDATE ("name", "description", "type", "base_url", "oauth_client_id", "oauth_client_secret", "command", "env", "status") ON TABLE "public"."connectors" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."connectors" TO "service_role";

-- freehold: statement
GRANT SELECT ON TABLE "public"."freehold_burst_uses" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."freehold_burst_uses" TO "service_role";

-- freehold: statement
GRANT SELECT ON TABLE "public"."freehold_daily_uses" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."freehold_daily_uses" TO "service_role";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ("request", "status", "headers", "body", "expires_at") ON TABLE "public"."freehold_idempotency_keys" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."freehold_idempotency_keys" TO "service_role";

-- freehold: statement
GRANT INSERT, SELECT, UPDATE ("version") ON TABLE "public"."freehold_tags" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."freehold_tags" TO "service_role";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."key_progress" TO "service_role";

-- freehold: statement
GRANT DELETE, SELECT, INSERT ("id", "user_id", "provider", "value"), UPDATE ("provider", "value") ON TABLE "public"."keys" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."keys" TO "service_role";

-- freehold: statement
GRANT SELECT ON TABLE "public"."platform_settings" TO "anon";

-- freehold: statement
GRANT SELECT ON TABLE "public"."platform_settings" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."platform_settings" TO "service_role";

-- freehold: statement
GRANT INSERT ("id", "secret_hash", "expires_at", "ends_at", "idle_seconds", "user_agent", "user_id"), SELECT ("id", "last_seen_at", "created_at", "expires_at", "ends_at", "idle_seconds", "user_agent", "revoked_at", "user_id"), UPDATE ("revoked_at") ON TABLE "public"."sessions" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."sessions" TO "service_role";

-- freehold: statement
GRANT DELETE, SELECT, INSERT ("id", "user_id", "key", "value"), UPDATE ("key", "value") ON TABLE "public"."settings" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."settings" TO "service_role";

-- freehold: statement
GRANT SELECT ON TABLE "public"."task_log_chunks" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."task_log_chunks" TO "service_role";

-- freehold: statement
GRANT SELECT, INSERT ("id", "user_id", "task_id", "content") ON TABLE "public"."task_messages" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."task_messages" TO "service_role";

-- freehold: statement
GRANT SELECT, INSERT ("id", "user_id", "prompt", "title", "repo_url", "selected_agent", "selected_model", "install_dependencies", "max_duration", "keep_alive", "branch_name", "source_branch", "mcp_server_ids"), UPDATE ("status", "deleted_at") ON TABLE "public"."tasks" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."tasks" TO "service_role";

-- freehold: statement
GRANT INSERT, SELECT ON TABLE "public"."user_keys" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."user_keys" TO "service_role";

-- freehold: statement
GRANT SELECT ON TABLE "public"."users" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."users" TO "service_role";
