import type { Runtime } from "../src/ports.ts";
import { formatAddress } from "../src/address.ts";
import { absolute } from "./credentials.ts";
import type { EmbeddedPaths } from "./embedded.ts";

/** Where agent and administrator look for a signer that is not named. */
const DEFAULT_PORT = 6443;

/** How to start a program: from a checkout by the runtime that runs this, else by the name it is installed under. */
function command(runtime: Pick<Runtime, "name">, program: "agent" | "signer"): string {
  const source = new URL(import.meta.url);
  if (!source.pathname.endsWith(".ts") || source.protocol !== "file:") return `certgen-${program}`;
  const commands = { node: "npx tsx", deno: "deno run -A", bun: "bun" };
  return `${commands[runtime.name]} cli/${program}.ts`;
}

/**
 * What to do with a signer on the embedded default: the agent's command line for this machine and for another one, and the
 * administrator's.
 *
 * @param isElsewhere whether the state directory is another than the one that is looked for
 */
export function invitation(
  runtime: Pick<Runtime, "name" | "host">,
  paths: EmbeddedPaths,
  port: number,
  isElsewhere: boolean,
): string {
  const [agent, signer] = [command(runtime, "agent"), command(runtime, "signer")];
  const here = `--address localhost:${port} --cacrt ${absolute(paths.servingCa)} --token-file ${absolute(paths.token)}`;
  const [host = runtime.host().name] = runtime.host().addresses;
  const kubeconfig = isElsewhere ? ` --kubeconfig ${paths.adminKubeconfig}` : "";
  return [
    "",
    "Get a certificate on this machine:",
    port === DEFAULT_PORT && !isElsewhere ? `  ${agent} request` : `  ${agent} request ${here}`,
    `On another machine, with copies of ${paths.servingCa} and ${paths.token}:`,
    `  ${agent} request --address ${formatAddress({ host, port })} --cacrt serving-ca.crt --token-file token`,
    "See who has asked:",
    `  KUBECONFIG=${paths.adminKubeconfig} kubectl get csr    (or: ${signer} list${kubeconfig})`,
    "",
    "",
  ].join("\n");
}
