import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkManifests, type DenoManifest, type NodeManifest } from "../manifests.ts";

const NODE: NodeManifest = {
  name: "@certgen/core",
  version: "0.1.0",
  license: "MIT",
  exports: {
    ".": { types: "./dist/mod.d.ts", default: "./dist/mod.js" },
    "./package.json": "./package.json",
  },
  dependencies: { cac: "^7.1.0" },
  devDependencies: { uvu: "^0.5.6", tsx: "^4.0.0" },
};
const DENO: DenoManifest = {
  name: "@certgen/core",
  version: "0.1.0",
  license: "MIT",
  exports: { ".": "./mod.ts" },
  imports: { cac: "npm:cac@^7.1.0", uvu: "npm:uvu@^0.5.6" },
};

test("checkManifests takes two that agree", () => {
  assert.equal(checkManifests(NODE, DENO), []);
});

test("checkManifests finds each difference", () => {
  assert.is(checkManifests(NODE, { ...DENO, name: "x" }).length, 1);
  assert.is(checkManifests(NODE, { ...DENO, version: "0.2.0" }).length, 1);
  assert.is(checkManifests(NODE, { ...DENO, exports: { ".": "./other.ts" } }).length, 2);
  assert.is(checkManifests(NODE, { ...DENO, exports: { ...DENO.exports, "./x": "./x.ts" } }).length, 2);
  assert.is(checkManifests(NODE, { ...DENO, exports: {} }).length, 2);
  assert.is(checkManifests(NODE, { ...DENO, imports: { ...DENO.imports, cac: "npm:cac@^7.2.0" } }).length, 1);
  assert.is(checkManifests(NODE, { ...DENO, imports: { uvu: "npm:uvu@^0.5.6" } }).length, 1);
  assert.is(checkManifests(NODE, { ...DENO, imports: { ...DENO.imports, extra: "npm:extra@1" } }).length, 1);
});

test.run();
