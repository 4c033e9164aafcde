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

/** Whether a profile has the name of a built-in one. */
export function isEtcdProfile(name: string): name is EtcdProfileName {
  return Object.hasOwn(CONFIGS, name);
}

/**
 * Looks for profiles whose certificates etcd would take for those of its peers: it takes every client certificate under
 * its peers' CA for a peer, whatever the subject. Such a profile must say `peerEquivalent`.
 *
 * @param isSameCa whether two names of CAs are one CA; the same name alone unless said
 * @throws TypeError that names the profile and says why
 */
export function checkPeerEquivalence(
  profiles: readonly Pick<ProfileConfig, "name" | "issuer" | "extKeyUsage" | "peerEquivalent">[],
  isSameCa: (a: string, b: string) => boolean = () => false,
): void {
  const peers = profiles.find(({ name }) => name === "etcd-peer")?.issuer ?? CONFIGS["etcd-peer"].issuer;
  for (const { name, issuer, extKeyUsage, peerEquivalent } of profiles) {
    if (isEtcdProfile(name) || peerEquivalent === true || !extKeyUsage.includes("clientAuth")) continue;
    if (issuer !== peers && !isSameCa(issuer, peers)) continue;
    throw new TypeError(
      `Cannot use profile ${
        JSON.stringify(name)
      }: the CA that issues etcd-peer would issue it for client authentication, ` +
        "and etcd takes any client certificate under that CA for a peer: " +
        "give the profile another issuer, or say peerEquivalent: true",
    );
  }
}

/** The built-in profile that a common name and organization belong to, by the common name's prefix. */
export function etcdProfileOf(commonName: string): ProfileConfig | undefined {
  return Object.values(CONFIGS).find((profile) =>
    profile.subject !== undefined && commonName.startsWith(profile.subject.commonNamePrefix)
  );
}
