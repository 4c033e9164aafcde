/** A directory of a pair in memory, and what is put in place there. */
import * as assert from "uvu/assert";
import { install, type Installation } from "../src/agent/install.ts";
import type { CertificatePlace } from "../src/agent/managed.ts";
import { type Pair, PairFiles } from "../src/agent/pair.ts";
import type { Random } from "../src/ports.ts";
import type { IssuedTexts } from "./authorities.ts";
import { fakeClock } from "./fakes.ts";
import { MemoryFiles } from "./memory_files.ts";

const { now } = fakeClock();

/** A pair and the CAs that are to be trusted. */
export function installation(texts: IssuedTexts, cas: Installation["cas"], isPinned = false): Installation {
  return { ...texts, cas, isPinned };
}

let octets = 0;
/** A number that counts: two versions of one second never have the same name. */
const otherOctets: Random = (length) => Uint8Array.from({ length }, (_, at) => at === 0 ? ++octets >> 8 : octets & 255);

/** A directory with a pair `n`. */
export interface PairDirectory {
  readonly files: MemoryFiles;
  readonly pair: PairFiles;
  /** Puts something in place over what is in use. */
  readonly put: (what: Installation) => Promise<string | undefined>;
}

/** The directory `d`, prepared for a pair `n`. */
export async function pairDirectory(
  place: Partial<CertificatePlace> = {},
  user?: number,
  files: MemoryFiles = new MemoryFiles(),
): Promise<PairDirectory> {
  const whole = { directory: "d", ...place };
  const pair = new PairFiles({ files, now, random: otherOctets, user }, whole, "n");
  await pair.prepare();
  const put = async (what: Installation): Promise<string | undefined> =>
    await install(files, pair, whole, what, await pair.current(), now());
  return { files, pair, put };
}

/** What a reader of the three plain names finds. */
export function readPlain(files: MemoryFiles): (string | undefined)[] {
  return [files.text("d/n.key"), files.text("d/n.crt"), files.text("d/ca.crt")];
}

/** The pair in use; fails where it is not whole. */
export async function pairIn(pair: PairFiles): Promise<Pair> {
  const found = await pair.read();
  assert.ok(found.state === "whole", found.state);
  return found.pair;
}
