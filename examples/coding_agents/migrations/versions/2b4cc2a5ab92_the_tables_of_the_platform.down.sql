-- freehold: revision 2b4cc2a5ab92
-- undoes: the tables of the platform
-- what this drops is not brought back by going up again

-- freehold: unit transaction

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."accounts" DROP CONSTRAINT "fk_accounts_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."api_tokens" DROP CONSTRAINT "fk_api_tokens_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."connectors" DROP CONSTRAINT "fk_connectors_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."keys" DROP CONSTRAINT "fk_keys_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."sessions" DROP CONSTRAINT "fk_sessions_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."settings" DROP CONSTRAINT "fk_settings_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."task_log_chunks" DROP CONSTRAINT "fk_task_log_chunks_user_id_task_id_tasks";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."task_log_chunks" DROP CONSTRAINT "fk_task_log_chunks_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."task_messages" DROP CONSTRAINT "fk_task_messages_user_id_task_id_tasks";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."task_messages" DROP CONSTRAINT "fk_task_messages_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
ALTER TABLE "public"."tasks" DROP CONSTRAINT "fk_tasks_user_id_users";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."accounts";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."api_tokens";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."connectors";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."freehold_burst_uses";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."freehold_daily_uses";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."freehold_idempotency_keys";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."freehold_tags";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."key_progress";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."keys";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."platform_settings";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."sessions";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."settings";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."task_log_chunks";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."task_messages";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."tasks";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."user_keys";

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."users";

-- freehold: statement
DROP FUNCTION "public"."sessions_verify"(hash text);

-- freehold: statement
DROP FUNCTION "public"."freehold_daily_uses_spend"(limit_name text, most bigint);

-- freehold: statement
DROP FUNCTION "public"."freehold_burst_uses_spend"(limit_name text, most bigint, seconds double precision);

-- freehold: statement
DROP FUNCTION "public"."api_tokens_verify"(hash text);

-- freehold: statement
DROP FUNCTION "public"."api_tokens_create"(token_id text, title text, hash text, prefix text, allowed jsonb, until timestamp with time zone, replaces text, overlap interval);
