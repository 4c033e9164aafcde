import { test } from "uvu";
import * as assert from "uvu/assert";
import { type CommandDefinition, COMMON_FLAGS } from "../../../cli/flag.ts";
import { type Command, type Context, runProgram } from "../../../cli/program.ts";
import { CertgenError } from "../../../src/errors.ts";

const DEFINITION: CommandDefinition = {
  program: "certgen-signer",
  name: "serve",
  description: "Signs what fits",
  example: "certgen-signer serve --cacrt ca.crt",
  flags: [
    { name: "cacrt", value: "path", placeholder: "FILE", description: "CA certificate" },
    { name: "servcrt", value: "path", repeatable: true, placeholder: "FILE", description: "serving certificate" },
    { name: "address", value: "string", default: "0.0.0.0:6443", placeholder: "HOST:PORT", description: "where" },
    { name: "force", value: "boolean", placeholder: "", description: "does it anyway" },
    ...COMMON_FLAGS,
  ],
};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly loaded: readonly string[];
}

async function run(argv: string[], action: Command["run"] = () => Promise.resolve(0)): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  const loaded: string[] = [];
  const context: Context = {
    argv,
    env: {},
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    isTerminal: false,
    noColor: true,
  };
  const entry = (name: string): Parameters<typeof runProgram>[2][number] => ({
    name,
    description: `does ${name}`,
    load: () => {
      loaded.push(name);
      return Promise.resolve({ definition: { ...DEFINITION, name }, run: action });
    },
  });
  const code = await runProgram("certgen-signer", "0.1.0", [entry("serve"), entry("init")], context);
  return { code, stdout, stderr, loaded };
}

test("runProgram runs a command with its options and gives its exit code", async () => {
  const outcome = await run(["serve", "--cacrt", "007"], (options, context) => {
    context.stdout(`${options.text("cacrt")}\n`);
    return Promise.resolve(3);
  });
  assert.equal(outcome, { code: 3, stdout: "007\n", stderr: "", loaded: ["serve"] });
});

test("runProgram prints its version", async () => {
  for (const argv of [["--version"], ["-v"], ["serve", "--version"]]) {
    assert.equal(await run(argv), { code: 0, stdout: "certgen-signer 0.1.0\n", stderr: "", loaded: [] });
  }
});

test("runProgram prints help with every command, and loads none", async () => {
  for (const argv of [["--help"], ["-h"]]) {
    const { code, stdout, stderr, loaded } = await run(argv);
    assert.equal([code, stderr, loaded], [0, "", []]);
    assert.match(stdout, /^certgen-signer 0\.1\.0\n/);
    assert.match(stdout, / {2}serve {2}does serve\n {2}init {3}does init\n/);
    assert.match(stdout, "--version");
  }
});

test("runProgram prints a command's help: flags, defaults, variables, example", async () => {
  for (const argv of [["serve", "--help"], ["serve", "-h"], ["serve", "--cacrt", "--help"], ["serve", "x", "--help"]]) {
    const { code, stdout, stderr, loaded } = await run(argv, () => Promise.reject(new Error("ran")));
    assert.equal([code, stderr, loaded], [0, "", ["serve"]]);
    assert.match(stdout, /^certgen-signer serve: Signs what fits\n/);
    assert.match(stdout, /--cacrt <FILE> +CA certificate \[CERTGEN_SIGNER_CACRT\]\n/);
    assert.match(stdout, /--servcrt <FILE> +serving certificate, repeatable \[CERTGEN_SIGNER_SERVCRT\]\n/);
    assert.match(stdout, /--address <HOST:PORT> +where \(default: 0\.0\.0\.0:6443\) \[CERTGEN_SIGNER_ADDRESS\]\n/);
    assert.match(stdout, /--force +does it anyway \[CERTGEN_SIGNER_FORCE\]\n/);
    assert.match(stdout, "(default: text on a terminal, json otherwise)");
    assert.match(stdout, "  $ certgen-signer serve --cacrt ca.crt\n");
  }
});

test("runProgram gives console.info back after help", async () => {
  const { info } = console;
  await run(["--help"]);
  assert.is(console.info, info);
});

test("runProgram refuses a missing or unknown command in one line", async () => {
  const cases: [string[], string][] = [
    [[], "error: Missing command: certgen-signer has serve, init\n"],
    [["serv"], `error: Unknown command "serv": did you mean serve?\n`],
    [["frobnicate"], `error: Unknown command "frobnicate": certgen-signer has serve, init\n`],
    [["--cacrt=secret", "serve"], `error: Missing command before "--cacrt": certgen-signer has serve, init\n`],
    [["__proto__"], `error: Unknown command "__proto__": certgen-signer has serve, init\n`],
  ];
  for (const [argv, stderr] of cases) assert.equal(await run(argv), { code: 2, stdout: "", stderr, loaded: [] });
});

test("runProgram refuses a wrong flag before the command runs", async () => {
  let ran = false;
  const { code, stderr } = await run(["serve", "--addres=x"], () => Promise.resolve(Number(ran = true)));
  assert.equal([code, stderr, ran], [2, `error: Unknown flag "--addres": did you mean --address?\n`, false]);
});

test("runProgram prints errors in one line without a stack, and maps their codes", async () => {
  const cases: [unknown, number, string][] = [
    [new CertgenError("denied", "Request was denied: NoSuchProfile"), 3, "Request was denied: NoSuchProfile"],
    [new CertgenError("timed-out", "Cannot wait longer"), 4, "Cannot wait longer"],
    [new Error("line\nline \x1b[31m\u202e"), 1, "line\\nline \\u001b[31m\\u202e"],
    [new RangeError(""), 1, "RangeError"],
    ["text", 1, "text"],
  ];
  for (const [error, code, message] of cases) {
    const outcome = await run(["serve"], () => Promise.reject(error));
    assert.equal([outcome.code, outcome.stdout, outcome.stderr], [code, "", `error: ${message}\n`]);
  }
});

test("runProgram prints a stack with --log-level debug only", async () => {
  const fail: Command["run"] = () => {
    throw new Error("boom");
  };
  assert.match((await run(["serve", "--log-level=debug"], fail)).stderr, /^error: boom\n\s+at .*\n/);
  assert.is((await run(["serve", "--log-level=info"], fail)).stderr, "error: boom\n");
});

test.run();
