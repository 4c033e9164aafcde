/** How an identity was proven. */
export type Proof = "none" | "token" | "bootstrap-token" | "jwt" | "certificate";

/** All of them. */
export const PROOFS: readonly Proof[] = ["none", "token", "bootstrap-token", "jwt", "certificate"];

/** Who asks, as an authenticator found it, in the terms of Kubernetes' `user.Info`. */
export interface Identity {
  /** User name, as `system:anonymous`. */
  readonly username: string;
  /** Groups, in order, without duplicates. */
  readonly groups: readonly string[];
  /** How it was proven. */
  readonly proof: Proof;
  /** What else the authenticator knows, by the keys of {@link EXTRA}: kept with what is asked for, so that it can be judged again. */
  readonly extra?: Extra;
}

/** Further facts about an identity: values by keys like `certgen.internal/token-id`. */
export type Extra = Readonly<Record<string, readonly string[]>>;

/** The keys of {@link Identity.extra} that certgen itself writes. Whatever comes from outside stands under `claim`. */
export const EXTRA = {
  /** How the identity was proven: one {@link Proof}. */
  proof: "certgen.internal/proof",
  /** The public half of a bootstrap token. */
  tokenId: "certgen.internal/token-id",
  /** How many requests the bootstrap token is good for; any number without it. */
  tokenUses: "certgen.internal/token-uses",
  /** What the bootstrap token is good for; anything without it. */
  allowedCommonNames: "certgen.internal/allowed-common-names",
  allowedDnsNames: "certgen.internal/allowed-dns-names",
  allowedIpAddresses: "certgen.internal/allowed-ip-addresses",
  allowedProfiles: "certgen.internal/allowed-profiles",
  /** SHA-256 of the certificate whose key has proven the identity, in hexadecimal. */
  certificate: "certgen.internal/certificate",
  /** The same of the first certificate of its line: what tells two holders of one common name apart. */
  lineage: "certgen.internal/lineage",
  /** Begins the key of a claim of a JWT; its name follows. */
  claim: "claim.certgen.internal/",
} as const;

/** The one value of a fact, if there is exactly one. */
export function factOf({ extra = {} }: Pick<Identity, "extra">, key: string): string | undefined {
  const values = Object.hasOwn(extra, key) ? extra[key] : undefined;
  return values?.length === 1 ? values[0] : undefined;
}

/** All values of a fact; `undefined` where nothing is said of it. */
export function factsOf({ extra = {} }: Pick<Identity, "extra">, key: string): readonly string[] | undefined {
  return Object.hasOwn(extra, key) ? extra[key] : undefined;
}

/** The identity of a request without any credential. */
export const ANONYMOUS: Identity = Object.freeze({
  username: "system:anonymous",
  groups: Object.freeze(["system:unauthenticated"]),
  proof: "none",
});
