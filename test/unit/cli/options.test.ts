import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXIT, exitCodeOf, UsageError } from "../../../cli/exit.ts";
import { type CommandDefinition, COMMON_FLAGS, environmentName } from "../../../cli/flag.ts";
import { type Options, parseCommand } from "../../../cli/options.ts";
import { parseDuration, parseList } from "../../../cli/value.ts";
import { CertgenError } from "../../../src/errors.ts";

const DEFINITION: CommandDefinition = {
  program: "certgen-signer",
  name: "serve",
  description: "Serves",
  example: "certgen-signer serve --cacrt ca.crt",
  flags: [
    { name: "cacrt", value: "path", placeholder: "FILE", description: "CA certificate" },
    { name: "metric-cacrt", value: "path", placeholder: "FILE", description: "metrics CA certificate" },
    { name: "servcrt", value: "path", repeatable: true, placeholder: "FILE", description: "serving certificate" },
    { name: "dnsnames", value: "list", placeholder: "NAMES", description: "DNS names" },
    { name: "address", value: "string", default: "0.0.0.0:6443", placeholder: "HOST:PORT", description: "address" },
    {
      name: "duration",
      value: "duration",
      default: "8760h",
      min: "10m",
      max: "3650d",
      placeholder: "D",
      description: "",
    },
    { name: "output", short: "o", value: "choice", choices: ["json", "text"], placeholder: "FORMAT", description: "" },
    { name: "force", value: "boolean", placeholder: "", description: "does it anyway" },
    ...COMMON_FLAGS,
  ],
};

function parse(argv: string[], env: Record<string, string> = {}): Options {
  return parseCommand(DEFINITION, argv, env);
}

function refuses(argv: string[], message: string, env: Record<string, string> = {}): void {
  try {
    parse(argv, env);
  } catch (error) {
    assert.instance(error, UsageError);
    return assert.is((error as UsageError).message, message);
  }
  assert.unreachable(`took ${argv.join(" ")}`);
}

test("parseCommand takes --flag value and --flag=value", () => {
  assert.is(parse(["--cacrt", "ca.crt"]).text("cacrt"), "ca.crt");
  assert.is(parse(["--cacrt=ca.crt"]).text("cacrt"), "ca.crt");
  assert.is(parse(["--cacrt=a=b"]).text("cacrt"), "a=b");
  assert.is(parse(["--cacrt", "a\nb"]).text("cacrt"), "a\nb");
  assert.is(parse(["-o", "json"]).text("output"), "json");
  assert.is(parse(["-o=json"]).text("output"), "json");
});

test("parseCommand keeps values as typed", () => {
  for (const value of ["007", "1e3", "0x10", "true", " x ", "12345678901234567890", "-", "-5", "--5", "Ünï"]) {
    assert.is(parse(["--cacrt", value]).text("cacrt"), value);
    assert.is(parse([], { CERTGEN_SIGNER_CACRT: value }).text("cacrt"), value);
  }
});

test("parseCommand takes the empty string as a value", () => {
  assert.is(parse(["--address="]).text("address"), "");
  assert.is(parse(["--address", ""]).text("address"), "");
  assert.is(parse([], { CERTGEN_SIGNER_ADDRESS: "" }).text("address"), "");
});

test("parseCommand refuses a missing value", () => {
  const message = "Missing value of --cacrt: it takes FILE";
  for (const argv of [["--cacrt"], ["--cacrt", "--address=x"], ["--cacrt", "-o"], ["--cacrt", "--"]]) {
    refuses(argv, message);
  }
  assert.is(parse(["--cacrt=--address"]).text("cacrt"), "--address");
});

test("parseCommand refuses an unknown flag and names the nearest", () => {
  refuses(["--ca-crt", "x"], `Unknown flag "--ca-crt": did you mean --cacrt?`);
  refuses(["--metriccacrt=x"], `Unknown flag "--metriccacrt": did you mean --metric-cacrt?`);
  refuses(["-cacrt", "x"], `Unknown flag "-cacrt": did you mean --cacrt?`);
  refuses(["--Address=secret"], `Unknown flag "--Address": did you mean --address?`);
  refuses(["--zzzzzz"], `Unknown flag "--zzzzzz": certgen-signer serve --help lists the flags`);
  refuses(["-undefined"], `Unknown flag "-undefined": certgen-signer serve --help lists the flags`);
  refuses(["--__proto__=x"], `Unknown flag "--__proto__": certgen-signer serve --help lists the flags`);
});

test("parseCommand refuses other arguments", () => {
  refuses(["x"], `Unexpected argument "x": certgen-signer serve takes flags only`);
  refuses(["--"], `Unexpected argument "--": certgen-signer serve takes flags only`);
  refuses(["-"], `Unexpected argument "-": certgen-signer serve takes flags only`);
  refuses(["--=x"], `Unexpected argument "--=x": certgen-signer serve takes flags only`);
  refuses(
    ["--force", "\x1b[2J\u202e"],
    `Unexpected argument "\\u001b[2J\\u202e": certgen-signer serve takes flags only`,
  );
});

test("parseCommand takes operands where the definition does, before, between and after flags", () => {
  const one: CommandDefinition = { ...DEFINITION, name: "show", operand: { placeholder: "NAME" } };
  const several: CommandDefinition = { ...one, operand: { placeholder: "NAME", repeatable: true } };
  assert.equal(parse(["--force"]).operands, []);
  const options = parseCommand(
    several,
    ["a", "--cacrt", "x", "b:c", "--force", "", "-o=json", "--", "--force", "-"],
    {},
  );
  assert.equal(options.operands, ["a", "b:c", "", "--force", "-"]);
  assert.equal([options.text("cacrt"), options.text("output")], ["x", "json"]);
  const cases: [CommandDefinition, string[], string][] = [
    [one, [], "Missing NAME: certgen-signer show takes one"],
    [several, ["--force", "--"], "Missing NAME: certgen-signer show takes one or more"],
    [one, ["a", "b"], 'Unexpected argument "b": certgen-signer show takes one NAME'],
    [one, ["a", "-"], 'Unexpected argument "-": certgen-signer show takes flags and NAME'],
    [one, ["a", "--forse"], 'Unknown flag "--forse": did you mean --force?'],
  ];
  for (const [definition, argv, message] of cases) {
    assert.throws(() => parseCommand(definition, argv, {}), (error: unknown) => {
      return error instanceof UsageError && error.message === message;
    }, message);
  }
});

test("parseCommand refuses a repeated flag unless it is repeatable", () => {
  refuses(["--cacrt=a", "--cacrt=a"], "Cannot use --cacrt twice: it takes FILE once");
  assert.equal(parse(["--servcrt=a", "--servcrt", "b,c"]).list("servcrt"), ["a", "b,c"]);
  assert.equal(parse([]).list("servcrt"), []);
});

test("parseCommand reads the environment, and a flag wins", () => {
  const env = { CERTGEN_SIGNER_METRIC_CACRT: "e.crt", CERTGEN_SIGNER_SERVCRT: "a,b,", CERTGEN_AGENT_CACRT: "x" };
  assert.is(parse([], env).text("metric-cacrt"), "e.crt");
  assert.is(parse(["--metric-cacrt=f.crt"], env).text("metric-cacrt"), "f.crt");
  assert.equal(parse([], env).list("servcrt"), ["a", "b"]);
  assert.equal(parse(["--servcrt=f"], env).list("servcrt"), ["f"]);
  assert.is(parse([], env).text("cacrt"), undefined);
  assert.is(environmentName("certgen-agent", { name: "token-file" }), "CERTGEN_AGENT_TOKEN_FILE");
});

test("parseCommand lets variables be that are no flag: Kubernetes makes some for a Service of this name", () => {
  parse([], { CERTGEN_SIGNER_PORT: "tcp://10.0.0.1:6443", CERTGEN_SIGNER_SERVICE_HOST: "10.0.0.1" });
});

test("parseCommand names what holds a wrong value, and says what it takes", () => {
  const duration = "a duration such as 8760h, 1h30m, 90s or 365d";
  const bounded = `${duration}, at least 10m, at most 3650d`;
  refuses(["--duration=x"], `Cannot use --duration "x": it takes ${duration}`);
  refuses(["--duration=9m59s"], `Cannot use --duration "9m59s": it takes ${bounded}`);
  refuses(["--duration=3651d"], `Cannot use --duration "3651d": it takes ${bounded}`);
  refuses([], `Cannot use CERTGEN_SIGNER_DURATION "": it takes ${duration}`, { CERTGEN_SIGNER_DURATION: "" });
  refuses(["-o=yaml"], `Cannot use --output "yaml": it takes one of json, text`);
  refuses(["--log-level=loud"], `Cannot use --log-level "loud": it takes one of error, warn, info, debug`);
  refuses(["--force=yes"], `Cannot use --force "yes": it takes true, false, or no value`);
  assert.is(parse(["--duration=10m"]).seconds("duration"), 600);
  assert.is(parse(["--duration=3650d"]).seconds("duration"), 315_360_000);
});

test("parseCommand does not let a later default hide an earlier fault", () => {
  refuses(["--duration=x", "--cacrt"], "Missing value of --cacrt: it takes FILE");
});

test("Options says defaults, and what was given", () => {
  const options = parse(["--force", "--dnsnames=a, b,,c,"]);
  assert.is(options.text("address"), "0.0.0.0:6443");
  assert.is(options.seconds("duration"), 31_536_000);
  assert.is(options.given("address"), false);
  assert.is(options.given("force"), true);
  assert.is(options.isOn("force"), true);
  assert.is(parse(["--force=false"]).isOn("force"), false);
  assert.is(parse([]).isOn("force"), false);
  assert.equal(options.list("dnsnames"), ["a", "b", "c"]);
  assert.is(options.origin("force"), "--force");
  assert.is(options.origin("cacrt"), "--cacrt");
  assert.is(parse([], { CERTGEN_SIGNER_FORCE: "true" }).origin("force"), "CERTGEN_SIGNER_FORCE");
  assert.is(parse([], { CERTGEN_SIGNER_FORCE: "true" }).given("force"), true);
});

test("Options refuses what is missing, and a flag that does not exist", () => {
  assert.throws(() => parse([]).required("cacrt"), (error: unknown) => {
    return error instanceof UsageError && error.message === "Missing --cacrt: it takes FILE";
  });
  assert.throws(() => parse([]).text("nope"), (error: unknown) => error instanceof TypeError);
  assert.throws(() => parse([]).given("nope"), (error: unknown) => error instanceof TypeError);
});

test("parseDuration takes Go's durations, and days", () => {
  const cases: [string, number][] = [
    ["8760h", 31_536_000],
    ["1h30m", 5400],
    ["90s", 90],
    ["365d", 31_536_000],
    ["1d12h", 129_600],
    ["1.5h", 5400],
    [".5s", 0.5],
    ["1.s", 1],
    ["500ms", 0.5],
    ["0", 0],
    ["0s", 0],
  ];
  for (const [text, seconds] of cases) assert.is(parseDuration(text, "--x"), seconds, text);
});

test("parseDuration refuses anything else", () => {
  const texts = [
    "",
    "x",
    "90",
    "1.5",
    "h",
    ".h",
    "1h 30m",
    "-1h",
    "+1h",
    "1H",
    "1e3s",
    "0x10s",
    "1h30",
    "NaN",
    "∞",
    "٣s",
  ];
  for (const text of [...texts, "99999999999h", `${"9".repeat(400)}h`, "s1", "1w", "00", "1,5h", "1h\n"]) {
    assert.throws(() => parseDuration(text, "--x"), (error: unknown) => error instanceof UsageError, text);
  }
});

test("R29 parseList drops empty items", () => {
  assert.equal(parseList("a, b,,c,"), ["a", "b", "c"]);
  assert.equal(parseList(""), []);
});

test("exitCodeOf maps errors to exit codes", () => {
  assert.is(exitCodeOf(new UsageError("x")), EXIT.usage);
  assert.is(exitCodeOf(new CertgenError("denied", "x")), EXIT.denied);
  assert.is(exitCodeOf(new CertgenError("timed-out", "x")), EXIT.timedOut);
  assert.is(exitCodeOf(new CertgenError("io", "x")), EXIT.failed);
  assert.is(exitCodeOf(null), EXIT.failed);
  assert.equal(Object.values(EXIT), [0, 1, 2, 3, 4, 5, 10, 11]);
});

test("an empty path is refused, as a flag and in the environment", () => {
  refuses(["--cacrt="], 'Cannot use --cacrt "": it takes FILE');
  refuses([], 'Cannot use CERTGEN_SIGNER_CACRT "": it takes FILE', { CERTGEN_SIGNER_CACRT: "" });
});

test.run();
