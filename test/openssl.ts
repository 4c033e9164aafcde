/** Certificates from the `openssl` command: a second implementation, so that tests do not judge certgen by itself. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** PEM of a certificate and its key (PKCS #8). */
export interface OpensslPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a certificate is to be. */
export interface LeafOptions {
  readonly commonName?: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Days from now until it expires; less than 0: it has expired. */
  readonly days?: number;
  /** `ec` (P-256, unless said) or `rsa` (2048 bits). */
  readonly keyType?: "ec" | "rsa";
}

/** Whether there is an `openssl` command. A test that needs it and has none prints {@link SKIPPED}. */
export const hasOpenssl: boolean = (() => {
  try {
    openssl(["version"]);
    return true;
  } catch {
    return false;
  }
})();

/** What a test prints that is skipped for want of the command. */
export const SKIPPED = "skipped: needs openssl";

/** Runs the command; gives its standard output. Throws where it fails. */
export function openssl(args: readonly string[], input?: string | Uint8Array): Uint8Array {
  return execFileSync("openssl", args, { stdio: ["pipe", "pipe", "pipe"], ...(input === undefined ? {} : { input }) });
}

/** Runs an action with a fresh directory, and removes it. */
export function inDirectory<T>(action: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "certgen-openssl-"));
  try {
    return action(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const newKey = (type: LeafOptions["keyType"] = "ec"): string[] =>
  type === "rsa" ? ["-newkey", "rsa:2048"] : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/** A CA that signed itself. */
export function makeCa(commonName = "certgen test CA"): OpensslPair {
  return inDirectory((directory) => {
    const key = join(directory, "key");
    const extensions = [
      "-addext",
      "basicConstraints=critical,CA:TRUE",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    ];
    const subject = ["-subj", `/CN=${commonName}`, "-days", "30"];
    const certificate = openssl(["req", "-x509", ...newKey(), "-nodes", "-keyout", key, ...subject, ...extensions]);
    return { certificate: text(certificate), privateKey: readFileSync(key, "utf8") };
  });
}

/** A certificate that a CA signed, for servers and clients alike; `localhost` unless said. */
export function makeLeaf(ca: OpensslPair, options: LeafOptions = {}): OpensslPair {
  const { dnsNames = ["localhost"], ipAddresses = [], days = 7, keyType } = options;
  const commonName = options.commonName ?? dnsNames[0] ?? ipAddresses[0] ?? "leaf";
  return inDirectory((directory) => {
    const at = (name: string): string => join(directory, name);
    writeFileSync(at("ca"), ca.certificate);
    writeFileSync(at("ca.key"), ca.privateKey, { mode: 0o600 });
    const names = [...dnsNames.map((name) => `DNS:${name}`), ...ipAddresses.map((address) => `IP:${address}`)];
    const extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth"];
    if (names.length > 0) extensions.push(`subjectAltName=${names.join(",")}`);
    writeFileSync(at("extensions"), extensions.join("\n") + "\n");
    openssl([
      "req",
      "-new",
      ...newKey(keyType),
      "-nodes",
      "-keyout",
      at("key"),
      "-subj",
      `/CN=${commonName}`,
      "-out",
      at("csr"),
    ]);
    const signing = ["-CA", at("ca"), "-CAkey", at("ca.key"), "-CAserial", at("serial"), "-CAcreateserial"];
    const certificate = openssl(
      ["x509", "-req", "-in", at("csr"), ...signing, "-days", String(days), "-extfile", at("extensions")],
    );
    return { certificate: text(certificate), privateKey: readFileSync(at("key"), "utf8") };
  });
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
