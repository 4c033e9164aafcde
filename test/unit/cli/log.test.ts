import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMON_FLAGS } from "../../../cli/flag.ts";
import { commandLog, createLog, type LogOptions } from "../../../cli/log.ts";
import { parseCommand } from "../../../cli/options.ts";
import type { Log } from "../../../src/ports.ts";

const NOW = (): Date => new Date("2026-11-24T10:00:00.123Z");

function capture(options: Partial<LogOptions> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = createLog({
    format: "auto",
    level: "info",
    isTerminal: false,
    noColor: false,
    now: NOW,
    write,
    ...options,
  });
  return { log, lines };
}

test("createLog writes text on a terminal", () => {
  const { log, lines } = capture({ isTerminal: true, noColor: true });
  log("info", "listening", { address: "0.0.0.0:6443" });
  log("error", "cannot read");
  assert.equal(lines, [
    "2026-11-24T10:00:00Z info  listening address=0.0.0.0:6443\n",
    "2026-11-24T10:00:00Z error cannot read\n",
  ]);
});

test("createLog writes JSON elsewhere, with time, level, message, then facts", () => {
  const { log, lines } = capture();
  log("warn", "slow", { seconds: 1.5, names: ["a"], ok: true, none: undefined });
  assert.is(
    lines.join(""),
    `{"time":"2026-11-24T10:00:00.123Z","level":"warn","message":"slow","seconds":1.5,"names":["a"],"ok":true}\n`,
  );
});

test("createLog obeys the format that was asked for", () => {
  const text = capture({ format: "text" });
  text.log("info", "x");
  assert.is(text.lines[0], "2026-11-24T10:00:00Z info  x\n");
  const json = capture({ format: "json", isTerminal: true });
  json.log("info", "x");
  assert.is(JSON.parse(json.lines[0] ?? "").message, "x");
});

test("createLog colours on a terminal only, and never with NO_COLOR", () => {
  const colored = (options: Partial<LogOptions>): boolean => {
    const { log, lines } = capture(options);
    log("info", "x", { a: 1 });
    return lines.join("").includes("\x1b[");
  };
  assert.is(colored({ isTerminal: true }), true);
  assert.is(colored({ isTerminal: true, noColor: true }), false);
  assert.is(colored({ isTerminal: false, format: "text" }), false);
  assert.is(colored({ isTerminal: true, format: "json" }), false);
});

test("createLog drops what is below the level", () => {
  const written = (level: LogOptions["level"]): number => {
    const { log, lines } = capture({ level });
    for (const one of ["error", "warn", "info", "debug"] as const) log(one, "x");
    return lines.length;
  };
  assert.equal([written("error"), written("warn"), written("info"), written("debug")], [1, 2, 3, 4]);
});

test("createLog writes errors as their messages", () => {
  const { log, lines } = capture();
  log("error", "failed", { error: new TypeError("boom"), nested: { cause: new Error("inner") } });
  assert.equal(JSON.parse(lines[0] ?? ""), {
    time: "2026-11-24T10:00:00.123Z",
    level: "error",
    message: "failed",
    error: "boom",
    nested: { cause: "inner" },
  });
});

test("createLog lets nobody forge a line or a fact", () => {
  const evil = `x\n2026-11-24T10:00:00Z info  approved user=root\u2028\x1b[2J\u202e\x9b`;
  for (const isTerminal of [true, false]) {
    const { log, lines } = capture({ isTerminal, noColor: true });
    log("info", evil, { name: evil, spaced: `a" user="root`, equals: "b user=root", empty: "" });
    assert.is(lines.length, 1);
    assert.is(lines.join("").slice(0, -1).search(/[\p{Cc}\p{Cf}\p{Zl}]/u), -1);
  }
  const { log, lines } = capture({ isTerminal: true, noColor: true });
  log("info", "m", { spaced: `a" user="root`, single: "'a", pair: "b=c", empty: "", control: "a\x07b" });
  const text = String
    .raw`2026-11-24T10:00:00Z info  m spaced="a\" user=\"root" single="'a" pair="b=c" empty="" control="a\u0007b"`;
  assert.is(lines[0], `${text}\n`);
});

test("createLog lets no fact take the place of time, level or message", () => {
  const { log, lines } = capture();
  log("info", "real", { message: "forged", level: "debug", time: "never" });
  const entry = JSON.parse(lines[0] ?? "");
  assert.equal([entry.message, entry.level, entry.message_, entry.level_], ["real", "info", "forged", "debug"]);
});

test("createLog takes any fact without throwing", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const bad = {
    toJSON: (): never => {
      throw new Error("no JSON");
    },
  };
  const none = { toJSON: (): undefined => undefined };
  const bare = Object.create(null, { self: { value: circular, enumerable: true } });
  for (const isTerminal of [true, false]) {
    const { log, lines } = capture({ isTerminal });
    const facts = { circular, bad, none, bare, big: 10n, list: [1n], date: NOW(), nothing: null, not: NaN };
    log("info", "x", { ...facts, symbol: Symbol("s"), call: () => 1 });
    assert.is(lines.length, 1);
  }
});

test("commandLog follows --log-format and --log-level", () => {
  const lines: string[] = [];
  const context = { isTerminal: true, noColor: true, stderr: (line: string): void => void lines.push(line) };
  const definition = {
    program: "certgen-agent",
    name: "x",
    description: "",
    example: "",
    flags: COMMON_FLAGS,
  } as const;
  commandLog(parseCommand(definition, ["--log-format=json", "--log-level=error"], {}), context)("error", "a");
  commandLog(parseCommand(definition, ["--log-level=error"], {}), context)("warn", "b");
  commandLog(parseCommand(definition, [], {}), context)("info", "c");
  assert.is(lines.length, 2);
  assert.match(lines[0] ?? "", /^\{"time":/);
  assert.match(lines[1] ?? "", /Z info {2}c\n$/);
});

test.run();
