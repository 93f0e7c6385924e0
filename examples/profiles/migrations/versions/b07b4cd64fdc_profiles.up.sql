-- freehold: revision b07b4cd64fdc
-- freehold: facts 1a717b4672177257e613828cf19ac02c1b36023e1dd15ce42f4999e8a737e44f 18
-- profiles
-- +1 table, +4 policies, +1 trigger, +11 grants, no grant removed, no policy weakened

-- freehold: unit transaction

-- freehold: statement
CREATE TABLE "public"."profiles" (
    "id" uuid NOT NULL,
    "user_id" uuid DEFAULT auth.uid() NOT NULL,
    "email" text NOT NULL,
    "full_name" text,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL,
    "updated_at" timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT "pk_profiles" PRIMARY KEY (user_id, id),
    CONSTRAINT "uq_profiles_user_id" UNIQUE (user_id)
);

-- freehold: statement
REVOKE ALL ON TABLE "public"."profiles" FROM PUBLIC, "anon", "authenticated", "service_role";

-- freehold: statement
ALTER TABLE "public"."profiles" ENABLE ROW LEVEL SECURITY;

-- freehold: statement
ALTER TABLE "public"."profiles" FORCE ROW LEVEL SECURITY;

-- freehold: statement
CREATE POLICY "profiles_delete_authenticated" ON "public"."profiles" AS PERMISSIVE FOR DELETE
    TO "authenticated"
    USING ((user_id = ( SELECT auth.uid() AS uid)));

-- freehold: statement
CREATE POLICY "profiles_insert_authenticated" ON "public"."profiles" AS PERMISSIVE FOR INSERT
    TO "authenticated"
    WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

-- freehold: statement
CREATE POLICY "profiles_select_authenticated" ON "public"."profiles" AS PERMISSIVE FOR SELECT
    TO "authenticated"
    USING ((user_id = ( SELECT auth.uid() AS uid)));

-- freehold: statement
CREATE POLICY "profiles_update_authenticated" ON "public"."profiles" AS PERMISSIVE FOR UPDATE
    TO "authenticated"
    USING ((user_id = ( SELECT auth.uid() AS uid)))
    WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

-- freehold: statement
CREATE TRIGGER profiles_updated_at BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at();

-- freehold: statement
GRANT DELETE, SELECT, INSERT ("id", "user_id", "email", "full_name"), UPDATE ("full_name") ON TABLE "public"."profiles" TO "authenticated";

-- freehold: statement
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."profiles" TO "service_role";
