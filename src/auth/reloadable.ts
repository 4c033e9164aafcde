import type { Authenticator } from "./authenticator.ts";

/** An authenticator that asks others, and can go on with other ones. */
export interface ReloadableAuthenticator {
  /** Asks those of the moment in order. */
  readonly authenticate: Authenticator;
  /** Goes on with these; a request that is being judged ends with those it began with. */
  readonly use: (authenticators: readonly Authenticator[]) => void;
}

/**
 * Makes an authenticator whose credentials can change while it is in use. To a signer it is one authenticator, also while it
 * asks none: a signer that asks for credentials does so for good, and what is taken away from it opens nothing.
 */
export function reloadable(first: readonly Authenticator[] = []): ReloadableAuthenticator {
  let current = [...first];
  return {
    authenticate: async (request) => {
      for (const authenticate of current) {
        const identity = await authenticate(request);
        if (identity !== null) return identity;
      }
      return null;
    },
    use: (authenticators) => {
      current = [...authenticators];
    },
  };
}
