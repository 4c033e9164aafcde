import { checkPeerEquivalence } from "../src/ca/etcd.ts";
import type { Profile } from "../src/ca/profile.ts";
import { equal } from "../src/bytes.ts";
import { CertgenError, messageOf } from "../src/errors.ts";
import { defaultPolicy, openPolicy } from "../src/policy/default_policy.ts";
import type { Policy } from "../src/policy/question.ts";
import type { Log, Runtime } from "../src/ports.ts";
import type { Issuers } from "../src/requests/judge.ts";
import type { Signer, SignerOptions } from "../src/signer/create_signer.ts";
import type { Issuer } from "../src/ca/issuer.ts";
import { verifyCertificate } from "../src/x509/certificate.ts";
import { type Configuration, type Lifetimes, noConfiguration, readConfiguration } from "./configuration.ts";
import { type Credentials, type CredentialSources, isClosed } from "./credential_sources.ts";
import { readIssuer } from "./credentials.ts";

/** What the rules of a signer are made of. */
export interface RulesConfig extends CredentialSources {
  /** CAs of the command line, by the name that profiles call them. */
  readonly cas: Configuration["cas"];
  readonly lifetimeSeconds: Lifetimes;
  /** The file of the policy, if there is one. */
  readonly configuration?: string | undefined;
}

/** What a signer decides and issues by: its configuration and its CAs, read together, and anew when a file has changed. */
export class SignerRules {
  readonly #runtime: Runtime;
  readonly #config: RulesConfig;
  readonly #log: Log;
  #configuration: Configuration;
  #issuers: Issuers;
  /** Whether the signer asks nobody who they are: that is settled once. */
  readonly isOpen: boolean;

  private constructor(
    runtime: Runtime,
    config: RulesConfig,
    log: Log,
    read: { readonly configuration: Configuration; readonly issuers: Issuers },
  ) {
    this.#runtime = runtime;
    this.#config = config;
    this.#log = log;
    this.#configuration = read.configuration;
    this.#issuers = read.issuers;
    this.isOpen = !isClosed(config, read.configuration);
  }

  /**
   * Reads everything.
   * @throws CertgenError naming the file and the fault
   */
  static async open(runtime: Runtime, config: RulesConfig, log: Log): Promise<SignerRules> {
    return new SignerRules(runtime, config, log, await readAll(runtime, config, log));
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get issuers(): Issuers {
    return this.#issuers;
  }

  get profiles(): readonly Profile[] {
    return this.#configuration.profiles;
  }

  get policy(): Policy {
    return this.#configuration.file.policy ?? (this.isOpen ? openPolicy : defaultPolicy);
  }

  /** What the file says besides: it holds until the signer ends. */
  get settled(): Pick<SignerOptions, "domain" | "graceSeconds" | "limits" | "rate"> {
    const { domain, graceSeconds, limits } = this.#configuration.file;
    const { requestsPerSecond, burst, pending, storedBytes } = limits;
    return {
      ...domain === undefined ? {} : { domain },
      ...graceSeconds === undefined ? {} : { graceSeconds },
      limits: {
        ...pending === undefined ? {} : { pending },
        ...storedBytes === undefined ? {} : { length: storedBytes },
      },
      rate: {
        ...requestsPerSecond === undefined ? {} : { requestsPerSecond },
        ...burst === undefined ? {} : { burst },
      },
    };
  }

  /** The configuration's files. */
  get paths(): readonly string[] {
    return this.#configuration.paths;
  }

  /** The CAs' files. */
  get caPaths(): readonly string[] {
    const pairs = Object.values({ ...this.#configuration.cas, ...this.#config.cas });
    return pairs.flatMap(({ certificate, key }) => [certificate, key]);
  }

  /**
   * Reads everything anew, and goes on with it; what cannot be used leaves the old in use.
   * @throws CertgenError naming the file and the fault
   */
  async reload(signer: Pick<Signer, "useIssuers" | "usePolicy">, credentials: Pick<Credentials, "use">): Promise<void> {
    const { configuration, issuers } = await readAll(this.#runtime, this.#config, this.#log);
    const before = this.#configuration;
    this.#checkReload(before, configuration);
    this.#configuration = configuration;
    this.#issuers = issuers;
    signer.useIssuers(issuers);
    signer.usePolicy(this.profiles, this.policy);
    credentials.use(configuration);
    before.close();
  }

  /** Closes what keys are fetched over. */
  close(): void {
    this.#configuration.close();
  }

  /** A file that is half written, or lost its rules, must open nothing. */
  #checkReload(before: Configuration, after: Configuration): void {
    const refuse = (why: string): never => {
      after.close();
      throw new CertgenError("invalid-object", `Cannot use configuration: ${why}`);
    };
    if (before.file.policy !== undefined && after.file.policy === undefined) {
      refuse('it has no rules any more: write "rules: []" to give nothing to anybody, or start the signer again');
    }
    if (this.isOpen && after.authenticators.length > 0) {
      refuse("it has jwt, and this signer asks nobody who they are until it ends: start it again");
    }
    const settled = ({ file: { domain, graceSeconds, limits } }: Configuration): string =>
      JSON.stringify([domain, graceSeconds, limits]);
    if (settled(before) === settled(after)) return;
    this.#log("warn", "domain, limits and renewal of the configuration hold from the next start on", {});
  }
}

async function readAll(
  runtime: Runtime,
  { configuration: path, lifetimeSeconds, cas }: RulesConfig,
  log: Log,
): Promise<{ configuration: Configuration; issuers: Issuers }> {
  const configuration = path === undefined
    ? noConfiguration(lifetimeSeconds)
    : await readConfiguration(runtime, path, lifetimeSeconds, log);
  try {
    const pairs = Object.entries({ ...configuration.cas, ...cas });
    const issuers = Object.fromEntries(
      await Promise.all(
        pairs.map(async ([name, { certificate, key }]) =>
          [name, await readIssuer(runtime.files, certificate, key)] as const
        ),
      ),
    );
    await checkPeers(configuration.profiles, issuers);
    return { configuration, issuers };
  } catch (error) {
    configuration.close();
    throw error;
  }
}

/**
 * etcd takes any client certificate of its peers' CA for a peer, and of every CA under it: by whatever name it goes here.
 * @throws CertgenError `invalid-object`
 */
async function checkPeers(profiles: readonly Profile[], issuers: Issuers): Promise<void> {
  const { etcd } = issuers;
  const trusted = new Set<string>();
  if (etcd !== undefined) {
    for (const [name, issuer] of Object.entries(issuers)) if (await isUnder(issuer, etcd)) trusted.add(name);
  }
  try {
    checkPeerEquivalence(profiles, (a) => trusted.has(a));
  } catch (cause) {
    throw new CertgenError("invalid-object", messageOf(cause), { cause });
  }
}

async function isUnder(issuer: Issuer, ca: Issuer): Promise<boolean> {
  if (equal(issuer.publicKey.spki, ca.publicKey.spki)) return true;
  return await verifyCertificate(issuer.certificate, [ca.certificate]).then(() => true, () => false);
}
