import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  checkPeerEquivalence,
  type EtcdProfileName,
  etcdProfileOf,
  etcdProfiles,
  isEtcdProfile,
} from "../../../src/ca/etcd.ts";

test("R52 the built-in profiles are for both sides of a connection, for a year", () => {
  const profiles = etcdProfiles();
  assert.equal(
    profiles.map(({ name, issuer, subject }) => [name, issuer, subject?.organization, subject?.commonNamePrefix]),
    [
      ["etcd-peer", "etcd", "system:etcd-peers", "system:etcd-peer:"],
      ["etcd-server", "etcd", "system:etcd-servers", "system:etcd-server:"],
      ["etcd-metric", "metric", "system:etcd-metrics", "system:etcd-metric:"],
    ],
  );
  for (const profile of profiles) {
    assert.equal(profile.extKeyUsage, ["serverAuth", "clientAuth"]);
    assert.equal(profile.keyUsage, ["digitalSignature", "keyEncipherment"]);
    assert.is(profile.lifetimeSeconds, 8760 * 3600);
  }
});

test("etcdProfiles takes other lifetimes, and refuses those that are none", () => {
  const lifetimes = etcdProfiles({ "etcd-server": 60, "etcd-metric": 1 }).map(({ lifetimeSeconds }) => lifetimeSeconds);
  assert.equal(lifetimes, [8760 * 3600, 60, 1]);
  for (const bad of [0, -1, 0.5, Number.NaN]) {
    assert.throws(() => etcdProfiles({ "etcd-peer": bad }), (error: unknown) => error instanceof TypeError);
  }
});

test("etcdProfileOf goes by the prefix of the common name alone", () => {
  const names: readonly (readonly [string, EtcdProfileName | undefined])[] = [
    ["system:etcd-peer:e1", "etcd-peer"],
    ["system:etcd-peer:", "etcd-peer"],
    ["system:etcd-server:e1", "etcd-server"],
    ["system:etcd-metric:e1", "etcd-metric"],
    ["system:etcd-peers:e1", undefined],
    ["system:etcd-peer", undefined],
    ["System:etcd-peer:e1", undefined],
    ["system:etcd-peer：e1", undefined],
    [" system:etcd-peer:e1", undefined],
    ["", undefined],
  ];
  for (const [commonName, name] of names) assert.is(etcdProfileOf(commonName)?.name, name, commonName);
});

test("a profile whose certificates etcd would take for its peers' must say so", () => {
  const clients = { name: "clients", issuer: "etcd", extKeyUsage: ["serverAuth", "clientAuth"] as const };
  const check = (change: object, isSameCa?: (a: string, b: string) => boolean): void =>
    checkPeerEquivalence([...etcdProfiles(), { ...clients, ...change }], isSameCa);
  for (const profiles of [[...etcdProfiles(), clients], [clients]]) {
    assert.throws(() => checkPeerEquivalence(profiles), (error: unknown) => {
      return error instanceof TypeError && error.message.startsWith('Cannot use profile "clients": ') &&
        error.message.includes("etcd takes any client certificate under that CA for a peer");
    });
  }
  assert.throws(() => check({ peerEquivalent: false }), "peerEquivalent");
  const same = (a: string, b: string): boolean => a === "other" && b === "etcd";
  assert.throws(() => check({ issuer: "other" }, same), "peerEquivalent");
  check({ peerEquivalent: true });
  check({ extKeyUsage: ["serverAuth"] });
  check({ issuer: "metric" }, same);
  check({ issuer: "other" });
});

test("isEtcdProfile knows the built-in names alone", () => {
  assert.ok(isEtcdProfile("etcd-peer"));
  for (const name of ["etcd", "constructor", "toString", ""]) assert.not(isEtcdProfile(name));
});

test.run();
