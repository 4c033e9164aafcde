import { type Bytes, concat } from "../bytes.ts";
import { systemNow, systemSleep } from "../clock.ts";
import { CertgenError, messageOf } from "../errors.ts";
import type { Fetch, Log, Now, Sleep } from "../ports.ts";
import { fetchedKeys, type JwkSource } from "./jwks.ts";

/** Where an issuer's keys are, and how long they are taken for granted. */
export interface RemoteKeysOptions {
  /** `https:` address of the key set, as the issuer's `jwks_uri` gives it. */
  readonly url: string;
  /** Must follow no redirects. */
  readonly fetch: Fetch;
  /** The machine's clock unless said. */
  readonly now?: Now;
  /** The machine's timers unless said. */
  readonly sleep?: Sleep;
  /** Is told once that the keys cannot be fetched, and once that they can be again. */
  readonly log?: Log;
  /** Largest key set, in bytes (256 KiB unless said). */
  readonly maxBytes?: number;
  /** Seconds that one fetch may take, its body included (5 unless said). */
  readonly timeoutSeconds?: number;
  /** Seconds after which the keys are fetched again (600 unless said). */
  readonly cacheSeconds?: number;
  /** Least seconds between two fetches, whatever tokens say (30 unless said). */
  readonly cooldownSeconds?: number;
}

/** Seconds that keys are used for while the issuer cannot be reached. */
const STALE_SECONDS = 86_400;

/**
 * Keys that are fetched when they are first needed, and again when they are old or a token names another; requests share a
 * fetch that is under way. While the issuer cannot be reached those of before stay in use for a day.
 *
 * @throws TypeError where the address is none of `https:`
 */
export function remoteKeys(options: RemoteKeysOptions): JwkSource {
  const keys = new RemoteKeys(options);
  return (hint) => keys.find(hint);
}

/** The keys of the moment. */
class RemoteKeys {
  readonly #options: Required<Omit<RemoteKeysOptions, "log">>;
  readonly #log: Log;
  #keys: { readonly find: JwkSource; readonly at: number } | undefined;
  #attemptedAt: number | undefined;
  #isFailing = false;
  #pending: Promise<void> | undefined;

  constructor({ log = () => {}, ...options }: RemoteKeysOptions) {
    this.#options = {
      now: systemNow,
      sleep: systemSleep,
      maxBytes: 262_144,
      timeoutSeconds: 5,
      cacheSeconds: 600,
      cooldownSeconds: 30,
      ...options,
      url: checkedUrl(options.url),
    };
    this.#log = log;
  }

  find: JwkSource = async (hint) => {
    if (!this.#isYoung(this.#keys?.at, this.#options.cacheSeconds)) await this.#refresh();
    const found = await this.#usable()(hint);
    if (found !== undefined) return found;
    await this.#refresh();
    return await this.#usable()(hint);
  };

  #usable(): JwkSource {
    if (this.#keys !== undefined && this.#isYoung(this.#keys.at, STALE_SECONDS)) return this.#keys.find;
    throw new CertgenError("unavailable", "Cannot check tokens: the issuer's keys cannot be fetched");
  }

  /** Whether a moment is less than so many seconds ago; one that is to come is none that the clock can say. */
  #isYoung(moment: number | undefined, seconds: number): boolean {
    const age = this.#options.now().getTime() - (moment ?? -Infinity);
    return age >= 0 && age < seconds * 1000;
  }

  /** Fetches the keys, unless that was tried a moment ago. */
  async #refresh(): Promise<void> {
    if (this.#pending === undefined) {
      if (this.#isYoung(this.#attemptedAt, this.#options.cooldownSeconds)) return;
      this.#attemptedAt = this.#options.now().getTime();
      this.#pending = this.#fetch().finally(() => this.#pending = undefined);
    }
    await this.#pending;
  }

  async #fetch(): Promise<void> {
    const { origin, pathname } = new URL(this.#options.url);
    try {
      const find = fetchedKeys(await fetchBounded(this.#options));
      this.#keys = { find, at: this.#options.now().getTime() };
      if (this.#isFailing) this.#log("info", "the issuer's keys can be fetched again", { url: origin + pathname });
      this.#isFailing = false;
    } catch (error) {
      const message = "the issuer's keys cannot be fetched; those of before stay in use for a day";
      if (!this.#isFailing) this.#log("warn", message, { url: origin + pathname, because: messageOf(error) });
      this.#isFailing = true;
    }
  }
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url.href;
  throw new TypeError("cannot fetch keys: the address is no https: one, or has a user name in it");
}

/** The body of an answer, all within the time. */
async function fetchBounded(
  { url, fetch, sleep, timeoutSeconds, maxBytes }: Required<Omit<RemoteKeysOptions, "log">>,
): Promise<Bytes> {
  const [fetching, waiting] = [new AbortController(), new AbortController()];
  const { signal } = fetching;
  const deadline = sleep(timeoutSeconds, waiting.signal).then((): never => {
    const late = new CertgenError("timed-out", `no answer within ${timeoutSeconds} s`);
    fetching.abort(late);
    throw late;
  });
  const headers = { accept: "application/jwk-set+json, application/json" };
  const request = new Request(url, { headers, redirect: "error", signal });
  const fetched = Promise.resolve(request).then(fetch).then((response) => readBounded(response, maxBytes, signal));
  try {
    return await Promise.race([fetched, deadline]);
  } finally {
    waiting.abort();
  }
}

async function readBounded(response: Response, maxBytes: number, signal: AbortSignal): Promise<Bytes> {
  const reader = response.body?.getReader();
  const cancel = (): void => void reader?.cancel().catch(() => {});
  signal.addEventListener("abort", cancel);
  const refuse = (code: "rejected" | "too-large", why: string): never => {
    cancel();
    throw new CertgenError(code, why);
  };
  if (response.status !== 200 || response.redirected) refuse("rejected", `the answer has status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let chunk = await reader?.read(); chunk !== undefined && !chunk.done; chunk = await reader?.read()) {
    length += chunk.value.length;
    if (length > maxBytes) refuse("too-large", `the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk.value);
  }
  signal.throwIfAborted();
  return concat(chunks);
}
