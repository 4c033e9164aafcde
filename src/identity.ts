/** Who asks, as an authenticator found it, in the terms of Kubernetes' `user.Info`. */
export interface Identity {
  /** User name, as `system:anonymous`. */
  readonly username: string;
  /** Groups, in order, without duplicates. */
  readonly groups: readonly string[];
  /** How it was proven. */
  readonly proof: "none" | "token";
}

/** The identity of a request without any credential. */
export const ANONYMOUS: Identity = Object.freeze({
  username: "system:anonymous",
  groups: Object.freeze(["system:unauthenticated"]),
  proof: "none",
});
