-- freehold: revision dd5185808b68
-- freehold: revises d3415ccb1e7c
-- undoes: Seal the secrets
-- what this drops is not brought back by going up again

-- freehold: unit transaction

-- freehold: statement
REVOKE SELECT ON TABLE "public"."accounts" FROM "authenticated";

-- freehold: statement
REVOKE SELECT, INSERT ("oauth_client_secret", "env"), UPDATE ("oauth_client_secret", "env") ON TABLE "public"."connectors" FROM "authenticated";

-- freehold: statement
REVOKE SELECT, INSERT ("id", "user_id", "provider", "value"), UPDATE ("provider", "value") ON TABLE "public"."keys" FROM "authenticated";

-- freehold: statement
REVOKE SELECT ON TABLE "public"."users" FROM "authenticated";

-- freehold: statement
DROP POLICY "keys_insert_authenticated" ON "public"."keys";

-- freehold: statement
DROP POLICY "keys_update_authenticated" ON "public"."keys";

-- freehold: statement
ALTER TABLE "public"."accounts" DROP CONSTRAINT "ck_accounts_access_token_sealed";

-- freehold: statement
ALTER TABLE "public"."accounts" DROP CONSTRAINT "ck_accounts_refresh_token_sealed";

-- freehold: statement
ALTER TABLE "public"."connectors" DROP CONSTRAINT "ck_connectors_env_sealed";

-- freehold: statement
ALTER TABLE "public"."connectors" DROP CONSTRAINT "ck_connectors_oauth_client_secret_sealed";

-- freehold: statement
ALTER TABLE "public"."keys" DROP CONSTRAINT "ck_keys_value_sealed";

-- freehold: statement
ALTER TABLE "public"."users" DROP CONSTRAINT "ck_users_access_token_sealed";

-- freehold: statement
ALTER TABLE "public"."users" DROP CONSTRAINT "ck_users_refresh_token_sealed";

-- freehold: statement
DROP TABLE "public"."key_progress";

-- freehold: statement
DROP TABLE "public"."user_keys";

-- freehold: statement
GRANT SELECT ("id", "user_id", "provider", "external_user_id", "expires_at", "scope", "username", "created_at", "updated_at") ON TABLE "public"."accounts" TO "authenticated";

-- freehold: statement
GRANT SELECT ("id", "user_id", "name", "description", "type", "base_url", "oauth_client_id", "command", "status", "created_at", "updated_at") ON TABLE "public"."connectors" TO "authenticated";

-- freehold: statement
GRANT SELECT ("id", "user_id", "provider", "created_at", "updated_at") ON TABLE "public"."keys" TO "authenticated";

-- freehold: statement
GRANT SELECT ("id", "provider", "external_id", "scope", "username", "email", "name", "avatar_url", "created_at", "updated_at", "last_login_at") ON TABLE "public"."users" TO "authenticated";
