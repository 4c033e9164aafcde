import { test } from "uvu";
import * as assert from "uvu/assert";
import { tokenAuthenticator, type TokenEntry } from "../../../src/auth/token.ts";
import { parseTokenFile } from "../../../src/auth/token_file.ts";
import { toUtf8 } from "../../../src/bytes.ts";
import { authenticatorContract } from "../../contract/authenticator.ts";
import { thrown } from "../../fakes.ts";

const parse = (text: string): TokenEntry[] => parseTokenFile(toUtf8(text), "tokens.csv");
const entry = (token: string, username: string, groups: string[] = []): TokenEntry => ({
  token,
  identity: { username, groups: [...groups, "system:authenticated"], proof: "token" },
});

authenticatorContract("token file", () =>
  Promise.resolve({
    authenticate: tokenAuthenticator(parse('t0ken,admin,1,"certgen:admins"\nother,node,2\n')),
    good: "Bearer t0ken",
    identity: entry("t0ken", "admin", ["certgen:admins"]).identity,
    bad: ["Bearer t0ke", "Bearer t0ken1", "Bearer t0ken,other", 'Bearer "t0ken"', "Bearer admin", "Basic t0ken"],
  }));

test("parseTokenFile reads what kube-apiserver reads", () => {
  const text = [
    "token1,user1,uid1",
    'token2,user2,uid2,"group1,group2"',
    "token3,user3,uid3,group3",
    'token4,"O""Neil, ""Shaq""",,""',
    '"token5","user5","uid5","certgen:admins"',
    "token6,user6,uid6,",
    'token7,user7,uid7,"a, b,,a,system:authenticated"',
  ];
  const entries = [
    entry("token1", "user1"),
    entry("token2", "user2", ["group1", "group2"]),
    entry("token3", "user3", ["group3"]),
    entry("token4", 'O"Neil, "Shaq"'),
    entry("token5", "user5", ["certgen:admins"]),
    entry("token6", "user6"),
    entry("token7", "user7", ["a", "b"]),
  ];
  for (const end of ["\n", "\r\n"]) {
    assert.equal(parse(text.join(end)), entries);
    assert.equal(parse(text.join(end) + end), entries);
    assert.equal(parse(`\ufeff${end}${text.join(end + end)}${end}${end}`), entries);
  }
});

test("parseTokenFile takes a file without tokens", () => {
  for (const text of ["", "\n", "\r\n\r\n"]) assert.equal(parse(text), []);
});

test("parseTokenFile refuses what is not CSV, by file and line", () => {
  const cases: [string, string][] = [
    ["s3cr3t", "line 1 has 1 of the three fields that are needed: token,user,uid"],
    ["a,b,c\n\ns3cr3t,user", "line 3 has 2 of the three fields that are needed: token,user,uid"],
    [" ", "line 1 has 1 of the three fields that are needed: token,user,uid"],
    ["s3cr3t,user,uid,a,b", 'line 1 has 5 fields: several groups go in quotes, "group1,group2"'],
    ['s3cr3t,"user,uid', "line 1 has a quote that does not end"],
    ['s3cr3t,"user\nname",uid', "line 1 has a quote that does not end"],
    ['s3cr3t,user,uid,"', "line 1 has a quote that does not end"],
    ['s3cr3t,us"er,uid', "line 1 has a quote at a wrong place"],
    ['s3cr3t,"us"er,uid', "line 1 has a quote at a wrong place"],
    ['s3cr3t,"us""er"",uid"x,', "line 1 has a quote at a wrong place"],
    ['s3cr3t, "user",uid', "line 1 has a quote at a wrong place"],
  ];
  for (const [text, why] of cases) {
    const { message } = thrown("malformed-object", () => parse(text));
    assert.ok(message.startsWith(`Cannot use token file "tokens.csv": ${why}`), message);
    assert.not.match(message, "s3cr3t");
  }
});

test("parseTokenFile refuses what nobody could present, and whom nobody is", () => {
  const cases: [string, string][] = [
    [",user,uid", "line 1 begins with no bearer token"],
    ["s3cr3t x,user,uid", "line 1 begins with no bearer token"],
    [" s3cr3t,user,uid", "line 1 begins with no bearer token"],
    ["s3cr3t\u00e9,user,uid", "line 1 begins with no bearer token"],
    ["#s3cr3t,user,uid", "line 1 begins with no bearer token"],
    ["s3cr3t,,uid", "line 1 has no user"],
    ["s3cr3t,system:anonymous,uid", "line 1 has the user of those without a credential, system:anonymous"],
    ["s3cr3t,a,1\nother,b,2\n\ns3cr3t,c,3", "line 4 has the same token as line 1"],
    ['s3cr3t,a,1\n"s3cr3t",a,1', "line 2 has the same token as line 1"],
  ];
  for (const [text, why] of cases) {
    const { message } = thrown("malformed-object", () => parse(text));
    assert.ok(message.startsWith(`Cannot use token file "tokens.csv": ${why}`), message);
    assert.not.match(message, "s3cr3t");
  }
  const notText = thrown("malformed-object", () => parseTokenFile(Uint8Array.of(0x73, 0xff), "tokens.csv"));
  assert.is(notText.message, 'Cannot use token file "tokens.csv": it is not UTF-8');
});

test("parseTokenFile bounds lines, and takes long ones of quotes in their time", () => {
  const started = performance.now();
  for (const line of [`t,"${'""'.repeat(8000)}`, `t,${'"a'.repeat(8000)}`, `t${",".repeat(16_000)}`]) {
    thrown("malformed-object", () => parse(Array(60).fill(line).join("\n")));
  }
  assert.ok(performance.now() - started < 1000);
  const { message } = thrown("malformed-object", () => parse(`t,u,"${"g,".repeat(10_000)}"`));
  assert.match(message, /line 1 is longer than 16384 characters$/);
});

test.run();
