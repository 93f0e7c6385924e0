// Drizzle ORM on postgres.js, scoped by hand: db.transaction(), which begins with the caller's role and claims.
// https://orm.drizzle.team/docs/transactions and https://orm.drizzle.team/docs/rls
//
// Speaks the language of benchmarks/worker.py: a JSON object a line in, one a line out.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { and, count, desc, eq, sql } from "drizzle-orm";
import { boolean, integer, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";

const tasks = pgTable("tasks", {
  id: uuid().primaryKey().$defaultFn(() => crypto.randomUUID()),
  userId: uuid("user_id").notNull(),
  title: text().notNull(),
  status: text().notNull().default("pending"),
  priority: integer().notNull().default(0),
  starred: boolean().notNull().default(false),
  notes: text(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
});
const LISTED = 20;
const BULK = 10_000;
const CHUNK = 5_000; // 65,535 parameters are the protocol's limit

let client, db, jobs, place;

function scope(job, work) {
  return db.transaction(async (tx) => {
    await tx.execute(
      sql`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${job.claims}, true)`,
    );
    return work(tx);
  });
}

const mine = (job) => eq(tasks.userId, job.user);
const one = (job) => and(mine(job), eq(tasks.id, job.id));
const newest = (tx, job) => tx.select().from(tasks).where(mine(job)).orderBy(desc(tasks.id)).limit(LISTED);

const cases = {
  list20: (job) => scope(job, (tx) => newest(tx, job)),
  point: (job) => scope(job, async (tx) => (await tx.select().from(tasks).where(one(job)))[0]),
  insert1: (job) =>
    scope(job, async (tx) => (await tx.insert(tasks).values({ userId: job.user, title: job.title }).returning())[0]),
  update1: (job) =>
    scope(job, async (tx) => (await tx.update(tasks).set({ title: job.title }).where(one(job)).returning())[0]),
  batch3: (job) =>
    scope(job, async (tx) => [
      await newest(tx, job),
      (await tx.select().from(tasks).where(one(job)))[0],
      (await tx.select({ value: count() }).from(tasks).where(mine(job)))[0].value,
    ]),
  insert10000: (job) =>
    scope(job, async (tx) => {
      const rows = Array.from({ length: BULK }, (_, n) => ({ userId: job.user, title: `Written in bulk ${n}` }));
      for (let from = 0; from < BULK; from += CHUNK) await tx.insert(tasks).values(rows.slice(from, from + CHUNK));
    }),
};

function plain(given) {
  if (Array.isArray(given)) return given.map(plain);
  if (given === undefined || given === null || typeof given !== "object") return given ?? null;
  return Object.values(given).map((value) => (value instanceof Date ? value.getTime() : value));
}

async function drive(verb, { concurrency, seconds, calls }) {
  const samples = [];
  const begun = performance.now();
  const deadline = begun + seconds * 1000;
  const caller = async () => {
    while (performance.now() < deadline || samples.length < calls) {
      const job = jobs[place++ % jobs.length];
      const sent = performance.now();
      await verb(job);
      samples.push(Math.round((performance.now() - sent) * 1e6));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return { samples, elapsed: Math.round((performance.now() - begun) * 1e6) };
}

const actions = {
  async open({ where, connections }) {
    const { host, port, user, password, database } = where;
    client = postgres({ host, port, user, password, database, max: connections });
    db = drizzle(client);
    return {};
  },
  async close() {
    await client.end();
    return {};
  },
  async jobs(message) {
    jobs = message.jobs;
    place = 0;
    return {};
  },
  verify: async (message) => ({ given: plain(await cases[message.case](message.job)) }),
  measure: (message) => drive(cases[message.case], message),
};

const reply = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const require = createRequire(import.meta.url);
const version = (name) => {
  const directory = require.resolve(name).split(`/node_modules/${name}/`)[0];
  return require(`${directory}/node_modules/${name}/package.json`).version;
};

reply({
  title: "Drizzle (postgres.js), scoped by hand",
  scoped: true,
  note: "",
  cases: Object.keys(cases),
  packages: { "node.js": process.versions.node, "drizzle-orm": version("drizzle-orm"), postgres: version("postgres") },
});
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  try {
    reply(await actions[message.do](message));
  } catch (error) {
    reply({ error: String(error.stack ?? error) + String(error.cause ?? "") });
  }
}
process.exit(0);
