/** A keeper in this process over the machine's own file system. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import * as assert from "uvu/assert";
import { node } from "../src/runtime/node.ts";
import { daySigner, type KeeperWorld, keeperWorld } from "./keeper_world.ts";

/** A keeper over the machine's own file system, with a pair in `certs` below a directory. */
export async function diskWorld(directory: string): Promise<KeeperWorld> {
  const world = keeperWorld(await daySigner());
  const { keeper } = world;
  const change = { directory: `${directory}/certs` };
  const real: KeeperWorld = {
    ...world,
    keeper: (more, ports) => keeper({ ...change, ...more }, { files: node.files, ...ports }),
  };
  assert.is((await real.keeper().tend()).did, "changed");
  return real;
}

/** All there is below a directory: what it is, whose, and what it says. */
export function snapshot(directory: string): Record<string, string> {
  const paths = pathsBelow(directory).sort();
  return Object.fromEntries(paths.map((path) => {
    const whole = `${directory}/${path}`;
    const stat = lstatSync(whole);
    const text = stat.isFile() ? readFileSync(whole, "latin1") : stat.isSymbolicLink() ? readlinkSync(whole) : "";
    return [path, `${stat.mode.toString(8)} ${stat.uid} ${text}`];
  }));
}

/** Every path below a directory; links are not followed, as Bun's own recursion does. */
function pathsBelow(directory: string, prefix = ""): string[] {
  return readdirSync(`${directory}/${prefix}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${prefix}${entry.name}`;
    return entry.isDirectory() ? [path, ...pathsBelow(directory, `${path}/`)] : [path];
  });
}
