import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkTree } from "../layers.ts";

/** Findings about a tree with these files and, for each source, a unit test. */
function check(files: Record<string, string>): string[] {
  const tree = new Map(Object.entries(files));
  for (const path of tree.keys()) {
    if (path.startsWith("src/")) tree.set(path.replace(/^src\/(.*)\.ts$/, "test/unit/$1.test.ts"), "");
  }
  return checkTree(tree);
}

/** What is found in one file, where everything it might import exists. */
function inFile(path: string, source: string): string[] {
  const all = [
    "src/errors.ts",
    "src/ports.ts",
    "src/asn1/der.ts",
    "src/x509/csr.ts",
    "src/ca/policy.ts",
    "src/k8s/status.ts",
  ];
  const more = [
    "src/store/store.ts",
    "src/signer/audit.ts",
    "src/agent/pair.ts",
    "src/runtime/node.ts",
    "cli/serve.ts",
  ];
  const files = Object.fromEntries([...all, ...more].map((one) => [one, ""]));
  return check({ ...files, [path]: source });
}

test("checkTree takes what the table allows", () => {
  assert.equal(
    inFile("src/x509/csr.ts", `import { a } from "../asn1/der.ts"; import type { B } from "../ports.ts";`),
    [],
  );
  assert.equal(inFile("src/runtime/node.ts", `import process from "node:process"; setTimeout(f, Date.now());`), []);
  assert.equal(
    inFile("cli/serve.ts", `import { cac } from "cac"; import("../src/agent/pair.ts"); console.log(1);`),
    [],
  );
  assert.equal(inFile("src/asn1/schema.ts", `import { A } from "@peculiar/asn1-schema";`), []);
  assert.equal(inFile("src/clock.ts", `export const now = () => new Date();`), []);
});

test("checkTree finds an import of what stands below", () => {
  const message = "src/x509/csr.ts imports src/ca/policy.ts, which the table forbids";
  assert.equal(inFile("src/x509/csr.ts", `import { a } from "../ca/policy.ts";`), [message]);
  assert.equal(inFile("src/x509/csr.ts", `import type { A } from "../ca/policy.ts";`), [message]);
  assert.equal(inFile("src/x509/csr.ts", `await import("../ca/policy.ts");`), [message]);
  assert.is(inFile("src/ca/policy.ts", `import "../k8s/status.ts";`).length, 1);
  assert.is(inFile("src/agent/pair.ts", `import "../runtime/node.ts";`).length, 1);
  assert.is(inFile("src/errors.ts", `import "./ports.ts";`).length, 1);
});

test("checkTree finds what the order alone would allow", () => {
  assert.is(inFile("src/store/store.ts", `import "../x509/csr.ts";`).length, 1);
  assert.is(inFile("src/store/store.ts", `import "../k8s/status.ts";`).length, 1);
  assert.is(inFile("src/agent/pair.ts", `import "../signer/audit.ts";`).length, 1);
  assert.is(inFile("src/signer/audit.ts", `import "../agent/pair.ts";`).length, 1);
});

test("checkTree finds a runtime in the core", () => {
  const cases = [
    `import "node:fs";`,
    "Deno.cwd();",
    "Bun.file(a);",
    "process.env;",
    "Buffer.from(a);",
    "`${process.pid}`",
  ];
  for (const source of cases) assert.is(inFile("src/x509/csr.ts", source).length, 1, source);
  const fine = [
    `// process.env`,
    `"Deno"`,
    `a.process()`,
    `const x = { process: 1 };`,
    "/** node:fs */",
    "preprocess()",
  ];
  for (const source of fine) assert.equal(inFile("src/x509/csr.ts", source), [], source);
});

test("checkTree finds clocks, timers, Math.random and console", () => {
  const cases = [
    "Date.now();",
    "new Date();",
    "new Date( );",
    "setTimeout(f);",
    "setInterval(f);",
    "AbortSignal.timeout(1);",
  ];
  for (const source of [...cases, "Math.random();", "console.log(a);", "performance.now();"]) {
    assert.is(inFile("src/signer/audit.ts", source).length, 1, source);
  }
  assert.match(
    inFile("src/signer/audit.ts", "\n\nDate.now();")[0] ?? "",
    "src/signer/audit.ts:3 uses the clock: Date.now",
  );
  assert.equal(inFile("src/signer/audit.ts", "new Date(0); options.setTimeout(f); // Date.now()"), []);
  assert.is(inFile("src/runtime/node.ts", "console.log(a);").length, 1);
  assert.is(inFile("cli/serve.ts", "Math.random();").length, 1);
});

test("checkTree finds packages where they do not belong", () => {
  assert.is(inFile("src/x509/csr.ts", `import { A } from "@peculiar/asn1-x509";`).length, 1);
  assert.is(inFile("src/agent/pair.ts", `import { cac } from "cac";`).length, 1);
  assert.is(inFile("cli/serve.ts", `import "left-pad";`).length, 1);
  assert.is(inFile("cli/serve.ts", `import "@certgen/core";`).length, 1);
  assert.is(inFile("cli/serve.ts", `import "constructor";`).length, 1);
});

test("checkTree finds HTTP in ca/", () => {
  assert.is(inFile("src/ca/policy.ts", "const r: Request = a;").length, 1);
  assert.is(inFile("src/ca/policy.ts", "await fetch(a);").length, 1);
  assert.equal(inFile("src/ca/policy.ts", "const a: CertificationRequest = prefetch;"), []);
});

test("checkTree finds imports that lead nowhere, and computed ones", () => {
  assert.match(inFile("src/x509/csr.ts", `import "./none.ts";`)[0] ?? "", "is no file");
  assert.match(inFile("src/x509/csr.ts", `import "../asn1/der.js";`)[0] ?? "", "is no file");
  assert.match(inFile("src/x509/csr.ts", `await import(name);`)[0] ?? "", "computed name");
  assert.match(inFile("src/other/x.ts", "")[0] ?? "", "stands nowhere in the table");
});

test("checkTree finds barrels", () => {
  assert.equal(inFile("src/x509/csr.ts", `export { a } from "../asn1/der.ts";`), ["src/x509/csr.ts re-exports"]);
  assert.equal(
    inFile("mod.ts", `export { a } from "./src/x509/csr.ts";\nexport type { B } from "./src/ports.ts";`),
    [],
  );
  assert.is(inFile("mod.ts", `export * from "./src/x509/csr.ts";`).length, 1);
  assert.is(inFile("mod.ts", `export const a = 1;`).length, 1);
  assert.is(inFile("src/agent/mod.ts", `export const a = 1;`).length, 1);
  const files = { "src/signer/mod.ts": "", "cli/serve.ts": `import "../src/signer/mod.ts";` };
  assert.match(check(files)[0] ?? "", "an import names the file where the thing lives");
});

test("checkTree walks what mod.ts reaches", () => {
  const files = {
    "mod.ts": `export { a } from "./src/x509/csr.ts";`,
    "src/x509/csr.ts": `import type { B } from "../asn1/der.ts";`,
    "src/asn1/der.ts": `import "node:fs";`,
  };
  const findings = check(files);
  assert.ok(findings.includes("mod.ts -> src/x509/csr.ts -> src/asn1/der.ts -> node:fs is out of bounds"));
  assert.is(inFile("mod.ts", `export { a } from "./src/agent/pair.ts";`).length, 1);
  assert.is(inFile("mod.ts", `export { a } from "./src/signer/audit.ts";`).length, 1);
  assert.is(inFile("src/signer/mod.ts", `export { a } from "../runtime/node.ts";`).length, 2);
});

test("checkTree finds circles at run time", () => {
  const a = { "src/x509/a.ts": `import { b } from "./b.ts";` };
  assert.equal(check({ ...a, "src/x509/b.ts": `import { a } from "./a.ts";` }), [
    "src/x509/a.ts -> src/x509/b.ts -> src/x509/a.ts is a circle",
  ]);
  assert.equal(check({ ...a, "src/x509/b.ts": `import type { A } from "./a.ts";` }), []);
});

test("checkTree finds long files and names that are not snake_case", () => {
  assert.equal(check({ "test/x.test.ts": "\n".repeat(300), "src/x509/a.ts": "\n".repeat(300) }), []);
  assert.equal(check({ "test/x.test.ts": "\n".repeat(301) }), ["test/x.test.ts has 301 lines, more than 300"]);
  assert.is(check({ "cli/someFile.ts": "", "cli/some-file.ts": "" }).length, 2);
});

test("checkTree finds sources without a unit test", () => {
  assert.equal(checkTree(new Map([["src/x509/csr.ts", ""]])), ["src/x509/csr.ts has no test/unit/x509/csr.test.ts"]);
  assert.equal(checkTree(new Map([["src/ports.ts", ""], ["src/signer/mod.ts", ""]])), []);
});

test.run();
