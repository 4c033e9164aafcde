/**
 * What the core needs of the outside, as types only: the programs hand in a runtime's own, tests hand in fakes.
 * @module
 */
import type { Bytes } from "./bytes.ts";

/** Sends one request; a subset of the global `fetch`. */
export type Fetch = (request: Request) => Promise<Response>;

/** The present moment. */
export type Now = () => Date;

/** Waits so many seconds, or until the signal is aborted (then it rejects with the signal's reason). */
export type Sleep = (seconds: number, signal?: AbortSignal) => Promise<void>;

/** As many random bytes as asked for, from a cryptographic source. */
export type Random = (length: number) => Bytes;

/** What a file is, without following a symbolic link. */
export interface FileStat {
  /** What it is; sockets and devices are `other`. */
  readonly kind: "file" | "directory" | "link" | "other";
  /** Permission bits, as `0o600`. */
  readonly mode: number;
  /** Numeric owner; 0 is root. */
  readonly uid: number;
  /** Numeric group. */
  readonly gid: number;
  /** Size in bytes. */
  readonly size: number;
  /** Changes whenever the content was replaced or written: inode, size and change time. */
  readonly version: string;
}

/** Whom a file belongs to. */
export interface Owner {
  /** Numeric user; 0 is root. */
  readonly uid: number;
  /** Numeric group. */
  readonly gid: number;
}

/** A file that only grows. One call at a time; after one that failed, what is on disk is unknown and only `close` is left. */
export interface Appender {
  /** Size in bytes when it was opened, or after the last write, whoever wrote. */
  readonly size: number;
  /** Adds to the end; resolves once the content is on disk. Without a byte it syncs what is there. */
  write(content: Uint8Array): Promise<void>;
  /** Closes it. A second time is fine. */
  close(): Promise<void>;
}

/**
 * The file system. Every rejection is a `CertgenError`: `not-found` where there is no such file, `already-exists` from
 * `create` and `link`, `io` for the rest, with a message that names the path and the operating system's word.
 */
export interface Files {
  /** The whole content, `maxBytes` at most (1 MiB unless said; a larger file is `too-large`). */
  read(path: string, maxBytes?: number): Promise<Bytes>;
  /** What the path itself is; symbolic links are not followed. `undefined` where there is nothing. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Names in a directory, sorted. */
  list(path: string): Promise<string[]>;
  /** Makes a directory and its parents; the mode holds for those it makes. One that is there is fine. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /**
   * Writes a file so that a reader sees the old content or the new, never a part, and a crash leaves one of them:
   * a temporary file beside it with the right mode from its first byte, and the owner before it has one, synced, renamed,
   * directory synced. It belongs to this process's user unless an owner is given.
   */
  replace(path: string, content: Uint8Array, mode: number, owner?: Owner): Promise<void>;
  /** The same for a file that must not be there yet: rejects with `already-exists`, whoever made it, links included. */
  create(path: string, content: Uint8Array, mode: number): Promise<void>;
  /**
   * Opens a file to add to its end. One that is not there is made with this mode, and the directory synced; one that is
   * there keeps its mode. What is no regular file is refused, symbolic links included.
   */
  append(path: string, mode: number): Promise<Appender>;
  /** What a symbolic link says, as it was written; `undefined` where there is nothing, or something else. */
  readLink(path: string): Promise<string | undefined>;
  /** Puts a symbolic link there, in the place of whatever file or link is there, as `replace` does. */
  replaceLink(path: string, target: string): Promise<void>;
  /** Renames within a directory, replacing what is there, and syncs the directory. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or an empty directory; nothing there is fine. */
  remove(path: string): Promise<void>;
}

/** A certificate chain and its key, both PEM. */
export interface TlsPair {
  /** The certificate first, then those that lead to its CA. */
  readonly certificate: string;
  /** Not encrypted. */
  readonly privateKey: string;
}

/** What a handler is told about a request besides the request. */
export interface RequestInfo {
  /** Address of the peer: for logs and rate limits only, never for rights. */
  readonly remoteAddress?: string;
}

/** Answers one request. */
export type Handler = (request: Request, info?: RequestInfo) => Response | Promise<Response>;

/** How to listen. */
export interface ServeOptions {
  readonly hostname: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Pairs chosen by SNI among their certificates' DNS names, the first is the default; none: plain HTTP. */
  readonly tls?: readonly TlsPair[];
  readonly handler: Handler;
  /** Called with what went wrong outside of the handler's own answers. */
  readonly onError?: (error: unknown) => void;
  /** Seconds an idle connection, or one still sending its headers, is kept (20 unless said). */
  readonly idleSeconds?: number;
  /** Seconds a client may take to send a body (30 unless said). */
  readonly bodySeconds?: number;
}

/** A server that listens. */
export interface Server {
  /** The port it listens on. */
  readonly port: number;
  /** Takes other pairs without dropping a connection; a pair that cannot serve rejects and leaves the old ones. */
  reload(tls: readonly TlsPair[]): Promise<void>;
  /** Stops accepting, lets what is in flight finish within so many seconds (10 unless said), then drops it. */
  stop(graceSeconds?: number): Promise<void>;
}

/** Listens and serves. */
export type Serve = (options: ServeOptions) => Promise<Server>;

/** Whom a connection trusts and who it is. */
export interface ConnectOptions {
  /** PEM; only these CAs are trusted, no system roots. */
  readonly ca: string;
  /** Client certificate and key. */
  readonly client?: TlsPair;
  /** Seconds one request may take (30 unless said). */
  readonly timeoutSeconds?: number;
  /** Largest answer taken, in bytes (4 MiB unless said); a stream may be of any length. */
  readonly maxBytes?: number;
  /** Seconds in which something of a stream must come (120 unless said). */
  readonly idleSeconds?: number;
}

/** Connections that trust one CA only; they follow no redirects. */
export interface Connection {
  /** Takes the answer whole. */
  readonly fetch: Fetch;
  /**
   * Takes the answer once its headers are there, which may take `timeoutSeconds`; its body comes as it arrives, for however
   * long, until the server ends it, the request's signal is aborted or the body is cancelled.
   */
  readonly stream: Fetch;
  /** Closes what is kept open, streams included. */
  close(): void;
}

/** A program to run, without a shell. */
export interface Program {
  /** A path, or a name that is looked for on the PATH. */
  readonly program: string;
  /** What it is called with. */
  readonly args: readonly string[];
}

/** How to run a program. */
export interface ExecuteOptions {
  /** Its whole environment; nothing of this process's own is added. */
  readonly env: Readonly<Record<string, string>>;
  /** After these it is told to end (SIGTERM), and killed five seconds later. */
  readonly timeoutSeconds: number;
  /** Ends it in the same way; the run rejects with its reason once it has ended. */
  readonly signal?: AbortSignal;
}

/** What became of a program that ran. */
export interface Executed {
  /** Its exit code; `undefined` where a signal ended it. */
  readonly code: number | undefined;
  /** The signal that ended it. */
  readonly signal: string | undefined;
  /** Whether it was ended for its time. */
  readonly timedOut: boolean;
  /** The end of what it wrote to stdout and stderr, as UTF-8 with replacement characters: 8 KiB at most. */
  readonly output: string;
}

/** Runs a program to its end; `CertgenError` `io` where it cannot be started. Its standard input is empty. */
export type Execute = (program: Program, options: ExecuteOptions) => Promise<Executed>;

/** Whom to ask for a certificate. */
export interface PeerCertificateOptions {
  /** Name or address; a name is sent as SNI. */
  readonly host: string;
  /** Where it listens. */
  readonly port: number;
  /** Client certificate and key, for a server that asks. */
  readonly client?: TlsPair;
  /** Seconds all of it may take. */
  readonly timeoutSeconds: number;
  /** Ends it; its reason is what is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * DER of the certificate that a TLS server shows and has proven the key of, whoever issued it: the caller compares.
 * `CertgenError` `unavailable` where there is none; the signal's reason.
 */
export type PeerCertificate = (options: PeerCertificateOptions) => Promise<Bytes>;

/** Where a runtime differs from another, behind one shape. */
export interface Runtime {
  readonly name: "node" | "deno" | "bun";
  readonly files: Files;
  readonly serve: Serve;
  readonly connect: (options: ConnectOptions) => Connection;
  readonly sleep: Sleep;
  readonly execute: Execute;
  readonly peerCertificate: PeerCertificate;
  /** This host's name, and its addresses without link-local ones, loopback apart. */
  readonly host: () => { readonly name: string; readonly addresses: readonly string[] };
  /** Numeric id of the user this process runs as; `undefined` where the system has none. */
  readonly userId: () => number | undefined;
  /** Calls the handler once at SIGTERM or SIGINT; the returned function stops listening. */
  readonly onStopSignal: (handler: (signal: "SIGTERM" | "SIGINT") => void) => () => void;
}

/** Severity of a log line. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** Takes one log line: an event in words, and its facts. Never a secret. */
export type Log = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;
