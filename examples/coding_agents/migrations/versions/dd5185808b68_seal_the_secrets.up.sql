-- freehold: revision dd5185808b68
-- freehold: revises d3415ccb1e7c
-- Seal the secrets
-- +2 tables, +7 constraints, +1 index, +4 policies, +24 grants, -36 grants, 36 grants removed, 2 WEAKENED
-- weakened: policy public.keys.keys_insert_authenticated: a permissive policy is added for authenticated
-- weakened: policy public.keys.keys_update_authenticated: a permissive policy is added for authenticated

-- freehold: unit transaction

-- freehold: statement
REVOKE SELECT ("id", "user_id", "provider", "external_user_id", "expires_at", "scope", "username", "created_at", "updated_at") ON TABLE "public"."accounts" FROM "authenticated";

-- freehold: statement
REVOKE SELECT ("id", "user_id", "name", "description", "type", "base_url", "oauth_client_id", "command", "status", "created_at", "updated_at") ON TABLE "public"."connectors" FROM "authenticated";

-- freehold: statement
REVOKE SELECT ("id", "user_id", "provider", "created_at", "updated_at") ON TABLE "public"."keys" FROM "authenticated";

-- freehold: statement
REVOKE SELECT ("id", "provider", "external_id", "scope", "username", "email", "name", "avatar_url", "created_at", "updated_at", "last_login_at") ON TABLE "public"."users" FROM "authenticated";

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
ALTER TABLE "public"."accounts" ADD CONSTRAINT "ck_accounts_access_token_sealed" CHECK ((access_token ~~ 'fh1.%'::text));

-- freehold: statement
ALTER TABLE "public"."accounts" ADD CONSTRAINT "ck_accounts_refresh_token_sealed" CHECK ((refresh_token ~~ 'fh1.%'::text));

-- freehold: statement
ALTER TABLE "public"."connectors" ADD CONSTRAINT "ck_connectors_env_sealed" CHECK ((env ~~ 'fh1.%'::text));

-- freehold: statement
ALTER TABLE "public"."connectors" ADD CONSTRAINT "ck_connectors_oauth_client_secret_sealed" CHECK ((oauth_client_secret ~~ 'fh1.%'::text));

-- freehold: statement
ALTER TABLE "public"."keys" ADD CONSTRAINT "ck_keys_value_sealed" CHECK ((value ~~ 'fh1.%'::text));

-- freehold: statement
ALTER TABLE "public"."users" ADD CONSTRAINT "ck_users_access_token_sealed" CHECK ((access_token ~~ 'fh1.%'::text));

-- freehold: statement
ALTER TABLE "public"."users" ADD CONSTRAINT "ck_users_refresh_token_sealed" CHECK ((refresh_token ~~ 'fh1.%'::text));

-- freehold: statement
CREATE INDEX ix_user_keys_ring_key_id ON public.user_keys USING btree (ring_key_id);

-- freehold: statement
ALTER TABLE "public"."key_progress" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."key_progress" FORCE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."user_keys" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."user_keys" FORCE ROW LEVEL SECURITY;

-- freehold: statement
CREATE POLICY "keys_insert_authenticated" ON "public"."keys" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "keys_update_authenticated" ON "public"."keys" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))))
    WITH CHECK ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
CREATE POLICY "user_keys_insert_authenticated" ON "public"."user_keys" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK (((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))) AND (generation = 1)));

-- freehold: statement
CREATE POLICY "user_keys_select_authenticated" ON "public"."user_keys" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT (auth.jwt() ->> 'sub'::text))));

-- freehold: statement
GRANT SELECT ON TABLE "public"."accounts" TO "authenticated";

-- freehold: statement
GRANT SELECT, INSERT ("oauth_client_secret", "env"), UPDATE ("oauth_client_secret", "env") ON TABLE "public"."connectors" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."key_progress" TO "service_role";

-- freehold: statement
GRANT SELECT, INSERT ("id", "user_id", "provider", "value"), UPDATE ("provider", "value") ON TABLE "public"."keys" TO "authenticated";

-- freehold: statement
GRANT INSERT, SELECT ON TABLE "public"."user_keys" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."user_keys" TO "service_role";

-- freehold: statement
GRANT SELECT ON TABLE "public"."users" TO "authenticated";
