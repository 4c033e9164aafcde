import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatAddress, parseAddress } from "../../../cli/address.ts";

test("parseAddress reads host and port, IPv6 in brackets, and a port alone", () => {
  const cases: [string, string, number][] = [
    ["0.0.0.0:6443", "0.0.0.0", 6443],
    ["localhost:0", "localhost", 0],
    [":6443", "", 6443],
    ["[::1]:65535", "::1", 65_535],
    ["[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", 1],
    ["signer-1.example.org:443", "signer-1.example.org", 443],
  ];
  for (const [text, host, port] of cases) assert.equal(parseAddress(text), { host, port });
});

test("parseAddress refuses the rest", () => {
  const texts = [
    "",
    "a",
    "a:",
    ":",
    "a:65536",
    "a:99999",
    "a:-1",
    "a:1x",
    "a:1e3",
    "::1:443",
    "[::1]",
    "[]:1",
    "[a:1",
    "a]:1",
    "a b:1",
    "https://a:1",
    "a/b:1",
    "a:1/",
    "a:1\n",
    "[[::1]]:1",
    "a:123456",
    "u@a:1",
    "a?b:1",
    "a#b:1",
    "a%20:1",
    "a\\b:1",
  ];
  for (const text of texts) assert.is(parseAddress(text), undefined, text);
});

test("formatAddress writes what parseAddress reads", () => {
  for (const text of ["0.0.0.0:6443", "[::1]:443", ":1"]) {
    const address = parseAddress(text);
    assert.is(address && formatAddress(address), text);
  }
});

test.run();
