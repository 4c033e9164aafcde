import { equalConstantTime, fromHex, toHex, toUtf8 } from "../bytes.ts";
import { sha256Hex } from "../digest.ts";
import { CertgenError } from "../errors.ts";
import { EXTRA, type Extra, type Identity } from "../identity.ts";
import type { Now, Random } from "../ports.ts";
import { type Authenticator, bearerToken, unauthorized } from "./authenticator.ts";
import type { TokenDefinition } from "./token_definition.ts";

/** What {@link bootstrapTokenAuthenticator} knows tokens by. */
export interface BootstrapTokenOptions {
  /** The definition of a token; `undefined` where there is none of that id. */
  readonly find: (id: string) => Promise<TokenDefinition | undefined>;
  readonly now: Now;
  /** Is told why a definition could not be read; it concerns the token of this id alone. */
  readonly onFault?: (id: string, error: unknown) => void;
}

/** Groups of everybody who presents a bootstrap token, as in Kubernetes. */
const GROUPS: readonly string[] = Object.freeze(["system:bootstrappers", "system:authenticated"]);
/** `id.secret`, at most 64 characters. */
const TOKEN = /^([a-z0-9]{6})\.[a-z0-9]{16,57}$/;
/** What a token is compared with where there is no other of its id: the digest of none. */
const NOBODYS = "0".repeat(64);
const SECRET_BYTES = 20;
const ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Knows bootstrap tokens by their definitions. A token of an id that there is none of is nobody's here, and may be
 * another's: a static list can have tokens of this form. It takes the time that a wrong secret takes.
 *
 * How often a token was used is not looked at: its number of uses stands in the identity, and is counted where its use and
 * what it was used for are kept together.
 *
 * @throws CertgenError `unauthorized` for a wrong secret, a token that has expired or one whose definition cannot be used;
 * `unavailable` where the definition cannot be read now
 */
export function bootstrapTokenAuthenticator(options: BootstrapTokenOptions): Authenticator {
  return async (request) => {
    const token = bearerToken(request) ?? "";
    const id = tokenIdOf(token);
    if (id === undefined) return null;
    const presented = fromHex(await hashToken(token));
    const definition = await definitionOf(id, options);
    const isRight = equalConstantTime(fromHex(definition?.hash ?? NOBODYS), presented);
    if (definition === undefined) return null;
    if (!isRight || definition.expiresAt <= options.now()) throw unauthorized();
    return identityOf(definition);
  };
}

async function definitionOf(
  id: string,
  { find, onFault }: BootstrapTokenOptions,
): Promise<TokenDefinition | undefined> {
  try {
    const definition = await find(id);
    if (definition === undefined || definition.id === id) return definition;
  } catch (error) {
    onFault?.(id, error);
    // its own message names files
    if (error instanceof CertgenError && error.code === "io") {
      throw new CertgenError("unavailable", "Cannot check the credential now", { cause: error });
    }
  }
  throw unauthorized();
}

function identityOf({ id, uses, commonNames, dnsNames, ipAddresses, profiles }: TokenDefinition): Identity {
  const extra: Extra = {
    [EXTRA.tokenId]: [id],
    ...uses === undefined ? {} : { [EXTRA.tokenUses]: [String(uses)] },
    ...commonNames === undefined ? {} : { [EXTRA.allowedCommonNames]: commonNames },
    ...dnsNames === undefined ? {} : { [EXTRA.allowedDnsNames]: dnsNames },
    ...ipAddresses === undefined ? {} : { [EXTRA.allowedIpAddresses]: ipAddresses },
    ...profiles === undefined ? {} : { [EXTRA.allowedProfiles]: profiles },
  };
  return { username: `system:bootstrap:${id}`, groups: GROUPS, proof: "bootstrap-token", extra };
}

/** Makes a token of 160 random bits: `id.secret`. */
export function newToken(random: Random): { readonly id: string; readonly token: string } {
  const id = Array.from(random(6), (octet) => ID_ALPHABET[octet % ID_ALPHABET.length]).join("");
  return { id, token: `${id}.${toHex(random(SECRET_BYTES))}` };
}

/** The id of a token that is presented; `undefined` where the text is no bootstrap token. */
export function tokenIdOf(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/** What a definition keeps of a token: SHA-256 over all of it, in hexadecimal. */
export async function hashToken(token: string): Promise<string> {
  return await sha256Hex(toUtf8(token));
}
