// timeout: 240
// What an agent refuses to write to, on a real file system.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { diskWorld, snapshot } from "../disk_world.ts";
import { NODE } from "../keeper_world.ts";
import { certgen, type Finished, temporary } from "../programs.ts";
import { currentRuntime } from "../runtimes.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = 54_321;

const renewIn = (cwd: string, ...more: readonly string[]): Promise<Finished> => {
  const wanted = [`--commonname=${NODE}`, "--dnsnames=etcd1", "--ipaddrs=10.8.89.9", "--assetsdir=certs"];
  const reach = ["--address=127.0.0.1:1", "--cacrt=certs/ca.crt", "--token-file=token"];
  return certgen(currentRuntime(), "agent", ["renew", "--force", "--timeout=30s", ...wanted, ...reach, ...more], cwd);
};

/** Somebody's tampering with a pair, and what is said of it. */
interface Tampering {
  readonly name: string;
  readonly tamper: (cwd: string) => void;
  readonly says: RegExp;
  /** It takes root, or another user's files are nobody's. */
  readonly needsRoot?: boolean;
}

const KEY = `certs/${NODE}.key`;
const CERTIFICATE = `certs/${NODE}.crt`;
const HOME = `certs/.${NODE}`;
const versionIn = (cwd: string): string => `${cwd}/${HOME}/${readlinkSync(`${cwd}/${HOME}/current`)}`;

/** Moves something away, and puts a link to it there. */
function moveAndLink(path: string, to: string): void {
  renameSync(path, to);
  symlinkSync(to, path);
}

const TAMPERINGS: readonly Tampering[] = [
  {
    name: "a key that is a link of somebody's",
    tamper: (cwd) => (unlinkSync(`${cwd}/${KEY}`), symlinkSync("../victim", `${cwd}/${KEY}`)),
    says: /symbolic link to \\?"\.\.\/victim\\?", which is not certgen's/,
  },
  {
    name: "a certificate that is a link of somebody's",
    tamper: (cwd) => (unlinkSync(`${cwd}/${CERTIFICATE}`), symlinkSync(`${cwd}/victim`, `${cwd}/${CERTIFICATE}`)),
    says: /symbolic link to .*, which is not certgen's/,
  },
  {
    name: "a key that is a directory",
    tamper: (cwd) => (unlinkSync(`${cwd}/${KEY}`), mkdirSync(`${cwd}/${KEY}`)),
    says: /is no file; move it away/,
  },
  {
    name: "a pair's directory that is a link",
    tamper: (cwd) => moveAndLink(`${cwd}/${HOME}`, `${cwd}/elsewhere`),
    says: /is no directory/,
  },
  {
    name: "a mark that leads elsewhere",
    tamper: (cwd) => (unlinkSync(`${cwd}/${HOME}/current`), symlinkSync("../..", `${cwd}/${HOME}/current`)),
    says: /current\\?": it is no link to a version of the pair/,
  },
  {
    name: "a mark that is a directory",
    tamper: (cwd) => (unlinkSync(`${cwd}/${HOME}/good`), mkdirSync(`${cwd}/${HOME}/good`)),
    says: /good\\?": it is no link to a version of the pair/,
  },
  {
    name: "a version that is a link",
    tamper: (cwd) => moveAndLink(versionIn(cwd), `${cwd}/elsewhere`),
    says: /is no directory/,
  },
  {
    name: "a CA's file that is a link",
    tamper: (cwd) => moveAndLink(`${cwd}/certs/ca.crt`, `${cwd}/elsewhere`),
    says: /no file of its own/,
  },
  {
    name: "a directory that is a file",
    tamper: (cwd) => (renameSync(`${cwd}/certs`, `${cwd}/elsewhere`), writeFileSync(`${cwd}/certs`, "")),
    says: /certs.* (no|not a) directory|cannot/i,
  },
  {
    name: "a directory that others can write",
    tamper: (cwd) => chmodSync(`${cwd}/certs`, 0o777),
    says: /can be written by others \(mode 777\)/,
    needsRoot: true,
  },
  {
    name: "a parent that others can write",
    tamper: (cwd) => chmodSync(cwd, 0o777),
    says: /can be written by others \(mode 777\)/,
    needsRoot: true,
  },
  {
    name: "another user's directory",
    tamper: (cwd) => chownSync(`${cwd}/certs`, NOBODY, NOBODY),
    says: /belongs to another user \(uid 54321\)/,
    needsRoot: true,
  },
  {
    name: "another user's key",
    tamper: (cwd) => {
      unlinkSync(`${cwd}/${KEY}`);
      writeFileSync(`${cwd}/${KEY}`, readFileSync(`${versionIn(cwd)}/tls.key`), { mode: 0o600 });
      chownSync(`${cwd}/${KEY}`, NOBODY, NOBODY);
    },
    says: /belongs to another user \(uid 54321\)/,
    needsRoot: true,
  },
  {
    name: "another user's directory of a pair",
    tamper: (cwd) => chownSync(`${cwd}/${HOME}`, NOBODY, NOBODY),
    says: /belongs to another user \(uid 54321\)/,
    needsRoot: true,
  },
  {
    name: "another user's version",
    tamper: (cwd) => chownSync(versionIn(cwd), NOBODY, NOBODY),
    says: /belongs to another user \(uid 54321\)/,
    needsRoot: true,
  },
];

for (const { name, tamper, says, needsRoot } of TAMPERINGS) {
  test(`R57 ${name} is refused, and nothing is changed`, async () => {
    if (needsRoot && !isRoot) return console.log("skipped: needs root");
    const { path: cwd, remove } = temporary();
    try {
      await diskWorld(cwd);
      writeFileSync(`${cwd}/victim`, "victim");
      writeFileSync(`${cwd}/token`, "t".repeat(20), { mode: 0o600 });
      tamper(cwd);
      const before = snapshot(cwd);
      const { code, stdout, stderr } = await renewIn(cwd);
      assert.is(code, 1, stdout + stderr);
      assert.match(stdout + stderr, says);
      assert.equal(snapshot(cwd), before);
    } finally {
      remove();
    }
  });
}

test.run();
