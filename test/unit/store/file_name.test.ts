import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileName, folderOf, isDigestName, nameOfFile } from "../../../src/store/file_name.ts";
import { rejection } from "../../fakes.ts";

test("R1 fileName keeps colons, encodes the rest, and gives every name a file of its own", async () => {
  const cases: [string, string][] = [
    ["system:etcd-peer:etcd1", "system:etcd-peer:etcd1"],
    ["a@b_c-d~e", "a@b_c-d~e"],
    ["a b", "a%20b"],
    ["a\\b", "a%5Cb"],
    ["a'b(c)*!", "a%27b%28c%29%2A%21"],
    [".a", "%2Ea"],
    ["a.", "a%2E"],
    ["a.b", "a.b"],
    ["...", "%2E.%2E"],
    ["..a", "%2E.a"],
    ["ü", "%C3%BC"],
    ["sha256-0", "sha256-0"],
    ["x".repeat(200), "x".repeat(200)],
  ];
  for (const [name, file] of cases) assert.is(await fileName(name), file);
  const long = await fileName("x".repeat(201));
  assert.match(long, /^%sha256-[0-9a-f]{64}$/);
  assert.is.not(await fileName("y" + "x".repeat(200)), long);
  assert.match(await fileName("é".repeat(34)), /^%sha256-/);
  for (const name of ["..", "A/b", "a%b", "\0"]) await rejection("unsafe-path", fileName(name));
});

test("fileName puts a kind's files in its folder, under the names that plain ones would have", async () => {
  assert.equal([folderOf(undefined), folderOf("token")], ["", ".token/"]);
  for (const name of ["a b", ".a", "x".repeat(201)]) {
    assert.is(await fileName(`token/${name}`), `.token/${await fileName(name)}`);
  }
});

test("R1 every file name is a plain one, short enough, and no temporary one", async () => {
  const alphabet = [..."ab.:-_ \\~'*%/\"<>|?$&;()é\u0308😀@"].filter((c) => c !== "/" && c !== "%");
  const seen = new Map<string, string>();
  let seed = 7;
  const next = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  for (let i = 0; i < 3000; i++) {
    const name = Array.from({ length: 1 + next(i % 10 === 0 ? 60 : 4) }, () => alphabet[next(alphabet.length)]).join(
      "",
    );
    if (name === "." || name === "..") continue;
    const file = await fileName(name);
    assert.is(nameOfFile(file), isDigestName(file) ? undefined : name);
    assert.match(file, /^[A-Za-z0-9%:@_~-][A-Za-z0-9%:@_~.-]{0,199}$/);
    assert.not.match(file, /\.$|^\./);
    assert.ok([undefined, name].includes(seen.get(file)), `${name} and ${seen.get(file)}`);
    seen.set(file, name);
  }
});

test("nameOfFile knows what fileName made, and nothing that was named differently", () => {
  const cases: [string, string][] = [
    ["system:etcd-peer:etcd1", "system:etcd-peer:etcd1"],
    ["a%20b", "a b"],
    ["%2E.%2E", "..."],
    ["%F0%9F%98%80", "😀"],
  ];
  for (const [file, name] of cases) assert.is(nameOfFile(file), name);
  const others = [
    "",
    ".revision",
    ".0a1b.tmp",
    "a.",
    "a b", // the older system's; ours is a%20b
    "a%2fb",
    "a%2Fb",
    "%2E",
    "%2E%2E",
    "a%2eb",
    "%61",
    "a%3Ab",
    "100%",
    "%ff",
    "%00",
    "%25",
    "\ufffd",
    "\ud800",
    "%E2%80%AE",
    "a\\b",
    "ü",
    "x".repeat(201),
    "%sha256-" + "0".repeat(64),
  ];
  for (const file of others) assert.is(nameOfFile(file), undefined, file);
});

test("isDigestName knows long names' files", async () => {
  assert.ok(isDigestName(await fileName("x".repeat(253))));
  for (const name of ["sha256-0", "x".repeat(200), "a b"]) assert.not(isDigestName(await fileName(name)));
});

test.run();
