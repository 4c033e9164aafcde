import type { Authenticator } from "../src/auth/authenticator.ts";
import { bootstrapTokenAuthenticator } from "../src/auth/bootstrap_token.ts";
import { reloadable } from "../src/auth/reloadable.ts";
import { tokenAuthenticator, type TokenEntry } from "../src/auth/token.ts";
import { messageOf } from "../src/errors.ts";
import type { Log, Runtime } from "../src/ports.ts";
import type { Configuration } from "./configuration.ts";
import { checkSafePath } from "./safe_path.ts";
import { tokenAuthFile } from "./token_auth_file.ts";
import { tokenDirectory } from "./token_directory.ts";
import type { WatchedFiles } from "./watch_files.ts";

/** Where a signer's credentials come from. */
export interface CredentialSources {
  readonly tokens: readonly TokenEntry[];
  /** File of further tokens, as kube-apiserver's `--token-auth-file`. */
  readonly tokenAuthFile?: string | undefined;
  /** Directory of bootstrap tokens. */
  readonly tokenDirectory?: string | undefined;
}

/** What finds out who asks, and keeps up with its files. */
export interface Credentials {
  /** None where nobody is asked for any. */
  readonly authenticators: readonly Authenticator[];
  readonly watched: readonly WatchedFiles[];
  /** Goes on with the issuers of JWTs of another configuration. */
  readonly use: (configuration: Configuration) => void;
}

/** Whether a signer asks for credentials: that holds from its start to its end. */
export function isClosed(sources: CredentialSources, configuration: Configuration): boolean {
  return sources.tokens.length > 0 || sources.tokenAuthFile !== undefined || sources.tokenDirectory !== undefined ||
    configuration.authenticators.length > 0;
}

/**
 * Makes the authenticators of a signer.
 * @throws CertgenError naming the file and the fault
 */
export async function openCredentials(
  runtime: Pick<Runtime, "files" | "userId">,
  sources: CredentialSources,
  configuration: Configuration,
  log: Log,
): Promise<Credentials> {
  const { tokens, tokenAuthFile: file, tokenDirectory: directory } = sources;
  if (!isClosed(sources, configuration)) return { authenticators: [], watched: [], use: () => {} };
  const jwt = reloadable(configuration.authenticators);
  const tokenFile = file === undefined ? undefined : await tokenAuthFile(runtime, file, log);
  if (directory !== undefined) await checkSafePath(runtime, directory);
  return {
    authenticators: [
      ...tokens.length === 0 ? [] : [tokenAuthenticator(tokens)],
      ...tokenFile === undefined ? [] : [tokenFile.authenticate],
      ...directory === undefined ? [] : [bootstrapTokenAuthenticator({
        find: tokenDirectory(runtime, directory).find,
        now: () => new Date(),
        onFault: (id, error) => log("error", "a bootstrap token cannot be used", { id, because: messageOf(error) }),
      })],
      jwt.authenticate,
    ],
    watched: tokenFile === undefined ? [] : [tokenFile.watched],
    use: ({ authenticators }) => jwt.use(authenticators),
  };
}
