import {
  encodeTokenDefinition,
  isTokenId,
  MAX_DEFINITION_BYTES,
  parseTokenDefinition,
  type TokenDefinition,
} from "../src/auth/token_definition.ts";
import { CertgenError } from "../src/errors.ts";
import type { FileStat, Runtime } from "../src/ports.ts";
import type { FlagDefinition } from "./flag.ts";
import type { Options } from "./options.ts";
import { checkSafePath } from "./safe_path.ts";
import { EMBEDDED } from "./target.ts";

/** What a directory of bootstrap tokens holds. */
export interface TokenList {
  /** By their ids, in order. */
  readonly tokens: readonly TokenDefinition[];
  /** What is wrong with each of the other files; the message names it. */
  readonly broken: readonly CertgenError[];
}

/** Bootstrap tokens in a directory: one file for each, `<id>.json`, written once. */
export interface TokenDirectory {
  /** The definition of a token, `undefined` where there is none; a look at its file once it was read. */
  readonly find: (id: string) => Promise<TokenDefinition | undefined>;
  /** All there are; a directory that is not there has none. */
  readonly list: () => Promise<TokenList>;
  /** Writes a definition, and makes the directory; rejects with `already-exists` where the id is taken. */
  readonly create: (definition: TokenDefinition) => Promise<void>;
  /** Removes a definition, whatever is in it; `false` where there is none. */
  readonly remove: (id: string) => Promise<boolean>;
}

/** Flags of every command that is about tokens: where they are. */
export const TOKEN_FLAGS: readonly FlagDefinition[] = [
  {
    name: "token-dir",
    value: "path",
    defaultWords: "tokens in --state-dir",
    placeholder: "DIR",
    description: "directory of the tokens; the signer's user must be able to read it",
  },
  {
    name: "state-dir",
    value: "path",
    default: EMBEDDED,
    placeholder: "DIR",
    description: "the signer's state directory, where --token-dir is not given",
  },
];

/** The directory that the flags name. */
export function tokenDirOf(options: Options): string {
  return options.text("token-dir") ?? tokenDirIn(options.required("state-dir"));
}

/** Where tokens are in a state directory. */
export function tokenDirIn(stateDir: string): string {
  return `${stateDir}/tokens`;
}

/**
 * The tokens in a directory. It, its parents and the files must be no others' to change: who can write there decides who
 * gets a certificate. All rejections name the path.
 */
export function tokenDirectory(runtime: Pick<Runtime, "files" | "userId">, directory: string): TokenDirectory {
  const { files } = runtime;
  const known = new Map<string, { readonly version: string; readonly definition: TokenDefinition }>();

  const read = async (id: string, path: string, stat: FileStat): Promise<TokenDefinition> => {
    await checkSafePath(runtime, path);
    if (stat.kind !== "file") {
      throw new CertgenError("unsafe-path", `Cannot use ${JSON.stringify(path)}: it is no file`);
    }
    const definition = parseTokenDefinition(await files.read(path, MAX_DEFINITION_BYTES), path);
    if (definition.id === id) return definition;
    const message = `Cannot use token definition ${JSON.stringify(path)}: it is of token ${definition.id}`;
    throw new CertgenError("malformed-object", message);
  };

  const find = async (id: string): Promise<TokenDefinition | undefined> => {
    if (!isTokenId(id)) return undefined;
    const path = pathOf(directory, id);
    const stat = await files.stat(path);
    const before = known.get(id);
    if (stat !== undefined && before?.version === stat.version) return before.definition;
    known.delete(id);
    if (stat === undefined) return undefined;
    try {
      const definition = await read(id, path, stat);
      known.set(id, { version: stat.version, definition });
      return definition;
    } catch (error) {
      if (error instanceof CertgenError && error.code === "not-found") return undefined; // removed meanwhile
      throw error;
    }
  };

  const list = async (): Promise<TokenList> => {
    if (await files.stat(directory) === undefined) return { tokens: [], broken: [] };
    await checkSafePath(runtime, directory);
    const tokens: TokenDefinition[] = [];
    const broken: CertgenError[] = [];
    for (const name of await files.list(directory)) {
      if (name.startsWith(".")) continue; // one that is being written
      try {
        const token = await find(idOfFile(directory, name));
        if (token !== undefined) tokens.push(token);
      } catch (error) {
        if (!(error instanceof CertgenError)) throw error;
        broken.push(error);
      }
    }
    return { tokens, broken };
  };

  const create = async (definition: TokenDefinition): Promise<void> => {
    const path = pathOf(directory, definition.id);
    await checkSafePath(runtime, directory);
    await files.makeDirectory(directory, 0o700);
    // again, now that it is there: from here on nobody else can put another in its place
    await checkSafePath(runtime, directory, { mustExist: true });
    await files.create(path, encodeTokenDefinition(definition), 0o600);
  };

  const remove = async (id: string): Promise<boolean> => {
    const path = pathOf(directory, id);
    await checkSafePath(runtime, directory);
    if (await files.stat(path) === undefined) return false;
    await files.remove(path);
    return true;
  };

  return { find, list, create, remove };
}

function pathOf(directory: string, id: string): string {
  if (!isTokenId(id)) throw new CertgenError("unsafe-path", `Cannot use token id ${JSON.stringify(id.slice(0, 80))}`);
  return `${directory}/${id}.json`;
}

function idOfFile(directory: string, name: string): string {
  const [, id] = /^([a-z0-9]{6})\.json$/.exec(name) ?? [];
  if (id !== undefined) return id;
  const path = JSON.stringify(`${directory}/${name}`);
  throw new CertgenError("malformed-object", `Cannot use ${path}: it is named as no token's file`);
}
