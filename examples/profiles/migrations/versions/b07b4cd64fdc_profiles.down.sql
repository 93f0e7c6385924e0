-- freehold: revision b07b4cd64fdc
-- undoes: profiles
-- what this drops is not brought back by going up again

-- freehold: unit transaction

-- freehold: statement: ACCESS EXCLUSIVE, brief
DROP TABLE "public"."profiles";
