/** What went wrong, as the server says it (RFC 9457). `code` tells the kinds apart. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code?: string;
  detail?: string;
  hint?: string;
  request_id?: string;
  errors?: Fault[];
}

/** What is wrong with one field: a JSON pointer into what was sent, and a sentence. */
export interface Fault {
  pointer: string;
  message: string;
}

/** A problem whose code and status are known. */
export type Known<Code extends string, Status extends number> = Problem & { code: Code; status: Status };

/** A problem that HTTP's status says all about. */
export type Uncoded = Problem & { code?: undefined };

/** No answer: the network, or an `AbortSignal`. Whether the request was carried out is not known. */
export interface Unanswered {
  code: "unanswered";
  title: string;
  status: 0;
  cause: unknown;
}

/** What an action gave, or why it did not. */
export type Result<Data, Failure> =
  | { ok: true; data: Data; response: Response }
  | { ok: false; error: Failure | Uncoded | Unanswered; response?: Response };

export interface ClientOptions {
  /** Where the application is: `https://example.org/api`. Empty for the page's own origin. */
  baseUrl?: string;
  /** A bearer token, or what gives one. Without, the browser's session is used. */
  token?: string | (() => string | undefined | Promise<string | undefined>);
  /** Another `fetch`. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface IdempotentOptions extends CallOptions {
  /** Makes the request happen once, however often it is sent within a day: `crypto.randomUUID()`. */
  idempotencyKey?: string;
}

export interface SubscribeOptions extends CallOptions {
  /** Where the stream is. */
  path?: string;
}

type Parameters = Record<string, unknown>;

interface Call {
  method: string;
  path: string;
  places?: Parameters;
  query?: Parameters;
  body?: unknown;
  options?: IdempotentOptions;
}

const RETRY_MS = 1000;

class Transport {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async call<Data, Failure>(call: Call): Promise<Result<Data, Failure>> {
    let response: Response;
    try {
      const headers = await this.#headers();
      if (call.body !== undefined) headers.set("Content-Type", "application/json");
      const key = call.options?.idempotencyKey;
      if (key !== undefined) headers.set("Idempotency-Key", `"${key.replace(/["\\]/g, "\\$&")}"`);
      const init: RequestInit = { method: call.method, headers, credentials: "same-origin" };
      if (call.body !== undefined) init.body = JSON.stringify(call.body);
      if (call.options?.signal) init.signal = call.options.signal;
      response = await this.#fetch(this.#url(call), init);
      const text = await response.text();
      if (response.ok) return { ok: true, data: (text ? JSON.parse(text) : undefined) as Data, response };
      return { ok: false, error: problem(response, text) as Failure | Uncoded, response };
    } catch (cause) {
      return { ok: false, error: { code: "unanswered", title: "There was no answer", status: 0, cause } };
    }
  }

  async subscribe(listener: (tags: string[] | null) => void, options: SubscribeOptions): Promise<void> {
    while (!options.signal?.aborted) {
      try {
        const headers = await this.#headers();
        headers.set("Accept", "text/event-stream");
        const init: RequestInit = { headers, credentials: "same-origin" };
        if (options.signal) init.signal = options.signal;
        const response = await this.#fetch((this.#options.baseUrl ?? "") + (options.path ?? "/events"), init);
        if (response.status === 401 || response.status === 403) return;
        if (response.ok && response.body) await read(response.body, listener);
      } catch {
        // The connection was lost, or the caller has had enough.
      }
      if (!options.signal?.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  get #fetch(): typeof fetch {
    return this.#options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  async #headers(): Promise<Headers> {
    const { token } = this.#options;
    const value = typeof token === "function" ? await token() : token;
    return new Headers(value === undefined ? {} : { Authorization: `Bearer ${value}` });
  }

  #url(call: Call): string {
    const path = call.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(call.places?.[name])));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) {
      for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (each !== undefined && each !== null) query.append(name, String(each));
      }
    }
    const text = query.toString();
    return (this.#options.baseUrl ?? "") + path + (text ? `?${text}` : "");
  }
}

function problem(response: Response, text: string): Problem {
  if (response.headers.get("Content-Type")?.startsWith("application/problem+json")) return JSON.parse(text) as Problem;
  return { type: "about:blank", title: response.statusText || "The answer makes no sense", status: response.status };
}

/** Reads server-sent events; null stands for "everything may have changed". */
async function read(body: ReadableStream<Uint8Array>, listener: (tags: string[] | null) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const fields = new Map(event.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
      if (fields.get("event") === "ready") listener(null);
      if (fields.get("event") === "touched") listener((JSON.parse(fields.get("data") ?? "{}") as { tags: string[] }).tags);
    }
  }
}
