/**
 * The three built-in profiles: the certificates that the members of an etcd cluster need.
 * @module
 */
import { defineProfile, type Profile, type ProfileConfig } from "./profile.ts";

/** Names of the built-in profiles. */
export type EtcdProfileName = "etcd-peer" | "etcd-server" | "etcd-metric";

const YEAR_SECONDS = 8760 * 3600;

/**
 * All three are for both sides of a connection: members dial each other, and etcd dials itself with its server
 * certificate (etcd issue 9785). Metrics have a CA of their own, since etcd takes every client certificate under its
 * peers' CA for a peer.
 */
const CONFIGS: Readonly<Record<EtcdProfileName, ProfileConfig>> = {
  "etcd-peer": config("etcd-peer", "etcd", "system:etcd-peers", "system:etcd-peer:"),
  "etcd-server": config("etcd-server", "etcd", "system:etcd-servers", "system:etcd-server:"),
  "etcd-metric": config("etcd-metric", "metric", "system:etcd-metrics", "system:etcd-metric:"),
};

function config(
  name: EtcdProfileName,
  issuer: "etcd" | "metric",
  organization: string,
  commonNamePrefix: string,
): ProfileConfig {
  return {
    name,
    issuer,
    subject: { organization, commonNamePrefix },
    keyUsage: ["digitalSignature", "keyEncipherment"],
    extKeyUsage: ["serverAuth", "clientAuth"],
    lifetimeSeconds: YEAR_SECONDS,
  };
}

/**
 * The built-in profiles: `etcd-peer`, `etcd-server` (both issued by the CA named `etcd`) and `etcd-metric` (by `metric`).
 *
 * @param lifetimeSeconds lifetimes that are not 8760 hours, in seconds
 */
export function etcdProfiles(lifetimeSeconds: Readonly<Partial<Record<EtcdProfileName, number>>> = {}): Profile[] {
  return Object.values(CONFIGS).map((profile) => {
    const wanted = lifetimeSeconds[profile.name as EtcdProfileName];
    return defineProfile(wanted === undefined ? profile : { ...profile, lifetimeSeconds: wanted });
  });
}

/** The built-in profile that a common name and organization belong to, by the common name's prefix. */
export function etcdProfileOf(commonName: string): ProfileConfig | undefined {
  return Object.values(CONFIGS).find((profile) =>
    profile.subject !== undefined && commonName.startsWith(profile.subject.commonNamePrefix)
  );
}
