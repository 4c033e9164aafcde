/** A real etcd member as a child process. */
import { createServer } from "node:net";
import { type Finished, pause, run, start, type Started } from "./programs.ts";

/** Where a member is and what it proves itself with. */
export interface Member {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** Directory with `ca.crt` and the pairs `system:etcd-peer:<name>` and `system:etcd-server:<name>`. */
  readonly certs: string;
  readonly data: string;
}

/** Ports that nothing listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map((server) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    })
  ));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Starts a member that takes nobody without a certificate under its CA, neither peers nor clients. */
export function startMember(member: Member, cluster: readonly Member[], more: readonly string[] = []): Started {
  const { name, clientPort, peerPort, certs, data } = member;
  const url = (port: number): string => `https://127.0.0.1:${port}`;
  return start("etcd", [
    `--name=${name}`,
    `--data-dir=${data}`,
    `--listen-client-urls=${url(clientPort)}`,
    `--advertise-client-urls=${url(clientPort)}`,
    `--listen-peer-urls=${url(peerPort)}`,
    `--initial-advertise-peer-urls=${url(peerPort)}`,
    `--initial-cluster=${cluster.map((other) => `${other.name}=${url(other.peerPort)}`).join()}`,
    "--initial-cluster-state=new",
    "--client-cert-auth",
    `--trusted-ca-file=${certs}/ca.crt`,
    `--cert-file=${certs}/system:etcd-server:${name}.crt`,
    `--key-file=${certs}/system:etcd-server:${name}.key`,
    "--peer-client-cert-auth",
    `--peer-trusted-ca-file=${certs}/ca.crt`,
    `--peer-cert-file=${certs}/system:etcd-peer:${name}.crt`,
    `--peer-key-file=${certs}/system:etcd-peer:${name}.key`,
    "--unsafe-no-fsync",
    ...more,
  ], { cwd: data });
}

/** Runs etcdctl against some members, with a member's server certificate as the client's. */
export async function etcdctl(
  members: readonly Member[],
  as: Pick<Member, "name" | "certs">,
  ...args: readonly string[]
): Promise<Finished> {
  return await run("etcdctl", [
    `--endpoints=${members.map(({ clientPort }) => `https://127.0.0.1:${clientPort}`).join()}`,
    `--cacert=${as.certs}/ca.crt`,
    `--cert=${as.certs}/system:etcd-server:${as.name}.crt`,
    `--key=${as.certs}/system:etcd-server:${as.name}.key`,
    "--dial-timeout=2s",
    "--command-timeout=3s",
    ...args,
  ], { cwd: as.certs, env: { ETCDCTL_API: "3" } });
}

/** Waits for what other processes bring about. */
export async function until(seconds: number, what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(0.2)) if (await isSo()) return;
  throw new Error(`not within ${seconds} s: ${what}`);
}
