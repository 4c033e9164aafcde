import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatAddress, parseAddress, peerAddress, signerUrl } from "../../src/address.ts";

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

test("signerUrl takes an address with https:// or without, and a port or the usual one", () => {
  const cases: [string, string | undefined][] = [
    ["signer", "https://signer:6443"],
    ["https://signer/", "https://signer:443"],
    ["[::1]:1", "https://[::1]:1"],
    ["0.0.0.0:6443", "https://127.0.0.1:6443"],
    ["http://signer", undefined],
    ["signer:0", undefined],
    [":1", undefined],
    ["https://u@signer", undefined],
    ["https://signer/path", undefined],
  ];
  for (const [text, url] of cases) assert.is(signerUrl(text), url, text);
});

test("peerAddress needs a host and a port", () => {
  assert.equal(peerAddress("127.0.0.1:2379"), { host: "127.0.0.1", port: 2379 });
  assert.equal(peerAddress("[::1]:2379"), { host: "::1", port: 2379 });
  for (const text of ["", "a", ":1", "a:0", "a:65536", "a b:1", "a:1/x"]) assert.is(peerAddress(text), undefined, text);
});

test.run();
