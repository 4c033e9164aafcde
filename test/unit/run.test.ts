// runtimes: node
// timeout: 120
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type RunResult, runTests } from "../runner.ts";
import { currentRuntime, ROOT, runtimeCommand } from "../runtimes.ts";

const HEAD = `import { test } from "uvu";\nimport * as assert from "uvu/assert";\n`;

/** Runs fixture files, given by name, in a folder of their own. */
async function runFixtures(
  files: Record<string, string>,
  more: { timeoutSeconds?: number; isSkipFailure?: boolean } = {},
): Promise<RunResult & { lines: string[] }> {
  const folder = mkdtempSync(`${tmpdir()}/certgen-run-`);
  try {
    symlinkSync(`${ROOT}node_modules`, `${folder}/node_modules`);
    writeFileSync(`${folder}/package.json`, `{ "type": "module" }`);
    for (const [name, body] of Object.entries(files)) writeFileSync(`${folder}/${name}`, HEAD + body);
    const lines: string[] = [];
    const names = Object.keys(files);
    const print = (line: string): void => void lines.push(line);
    const result = await runTests({ runtimes: [currentRuntime()], files: names, folder, print, ...more });
    return { ...result, lines };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The fault of the one file, and the counts. */
async function faultOf(body: string, more: { timeoutSeconds?: number; isSkipFailure?: boolean } = {}): Promise<string> {
  const { lines } = await runFixtures({ "x.test.ts": body }, more);
  return `${/^FAIL \w+ x\.test\.ts: (.*)$/m.exec(lines[0] ?? "")?.[1] ?? "fine"}; ${lines.at(-1)}`;
}

test("runTests counts what passed and ends with one line of counts", async () => {
  const body = `test("a", () => {});\ntest("b", () => {});\ntest.run();\n`;
  const { lines, ...result } = await runFixtures({ "a.test.ts": body, "b.test.ts": body, "c.test.ts": body });
  assert.equal(result, { passed: 6, failed: 0, skipped: 0 });
  assert.is(lines.at(-1), "6 passed, 0 failed");
});

test("runTests reports a failing assert with the file's output in full", async () => {
  const body = `test("a", () => {});\ntest("b", () => assert.is(1, 2, "one is two"));\ntest.run();\n`;
  const { lines, ...result } = await runFixtures({ "x.test.ts": body });
  assert.equal(result, { passed: 1, failed: 1, skipped: 0 });
  assert.match(lines[0] ?? "", /^FAIL \w+ x\.test\.ts: /);
  assert.match(lines[0] ?? "", "one is two");
});

test("runTests reports a rejected test, and one that throws no Error", async () => {
  assert.match(
    await faultOf(`test("a", () => Promise.reject(new Error("x")));\ntest.run();\n`),
    /; 0 passed, 1 failed$/,
  );
  assert.match(await faultOf(`test("a", () => { throw null; });\ntest.run();\n`), /; 0 passed, 1 failed$/);
});

test("runTests reports a throw at top level and a loose rejection", async () => {
  assert.match(await faultOf(`throw new Error("x");\n`), /^ended with exit code 1; 0 passed, 1 failed$/);
  const loose =
    `test("a", async () => { Promise.reject(new Error("x")); await new Promise((r) => setTimeout(r, 50)); });`;
  assert.match(await faultOf(`${loose}\ntest.run();\n`), /^ended with exit code 1; . passed, 1 failed$/);
});

test("runTests reports a file without run() and one without tests", async () => {
  assert.match(await faultOf(`test("a", () => {});\n`), /^no tests reported.*; 0 passed, 1 failed$/);
  assert.match(await faultOf(`test.run();\n`), /^no tests in it; 0 passed, 1 failed$/);
});

test("runTests reports a process that ends inside of a test", async () => {
  const body = `import process from "node:process";\ntest("a", () => process.exit(0));\ntest.run();\n`;
  assert.match(await faultOf(body), /; 0 passed, 1 failed$/);
});

test("runTests reports a promise that nothing will settle", async () => {
  assert.match(await faultOf(`test("a", () => new Promise(() => {}));\ntest.run();\n`), /; 0 passed, 1 failed$/);
});

test("runTests ends a file that hangs, and what it started", async () => {
  const folder = mkdtempSync(`${tmpdir()}/certgen-run-`);
  const body = `import { spawn } from "node:child_process";
    spawn("sh", ["-c", "sleep 4; touch ${folder}/alive"], { stdio: "inherit" });
    test("a", () => new Promise(() => setInterval(() => {}, 1000)));\ntest.run();\n`;
  const started = performance.now();
  assert.match(await faultOf(body, { timeoutSeconds: 3 }), /^took longer than 3 s; 0 passed, 1 failed$/);
  assert.ok(performance.now() - started < 30_000);
  rmSync(folder, { recursive: true });
});

test("runTests takes a file's own time-out", async () => {
  const body = `// timeout: 1\ntest("a", () => new Promise(() => setInterval(() => {}, 1000)));\ntest.run();\n`;
  assert.match(await faultOf(body), /^took longer than 1 s; 0 passed, 1 failed$/);
});

test("runTests reports .only left behind", async () => {
  const body = ["test", `only("a", () => {});\ntest("b", () => {});\ntest.run();\n`].join(".");
  assert.match(await faultOf(body), /^a test is marked \.only/);
});

test("runTests collects why tests were skipped, once, behind uvu's bullets", async () => {
  const body = `test("a", () => {});\ntest("b", () => console.log("skipped: no openssl here"));\ntest.run();\n`;
  const files = { "a.test.ts": body, "b.test.ts": body };
  const { lines, ...result } = await runFixtures(files);
  assert.equal(result, { passed: 4, failed: 0, skipped: 2 });
  assert.equal(lines.slice(-2), ["skipped: no openssl here", "4 passed, 0 failed, 2 skipped"]);
  assert.is((await runFixtures(files, { isSkipFailure: true })).failed, 2);
});

test("runTests hides certgen's variables from the tests", async () => {
  const body = `import process from "node:process";
    test("a", () => assert.equal(Object.keys(process.env).filter((n) => /^CERTGEN_|^NODE_EXTRA/.test(n)), []));
    test("b", () => assert.is(process.env.NO_COLOR, "1"));\ntest.run();\n`;
  const { default: process } = await import("node:process");
  process.env["CERTGEN_SIGNER_CACRT"] = "x";
  process.env["NODE_EXTRA_CA_CERTS"] = "/dev/null";
  assert.is(await faultOf(body), "fine; 2 passed, 0 failed");
});

test("runtimeCommand names an executable of each runtime", () => {
  assert.match(runtimeCommand("node").command, /node$/);
  assert.match(runtimeCommand("deno").command, /deno$/);
  assert.match(runtimeCommand("bun").command, /bun(\.exe)?$/);
});

test.run();
