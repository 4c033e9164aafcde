import { test } from "uvu";
import * as assert from "uvu/assert";
import { embeddedPaths } from "../../../cli/embedded.ts";
import { invitation } from "../../../cli/invitation.ts";

const host = () => ({ name: "host1", addresses: ["fd00::1", "10.0.0.1"] });

/** Command lines of an invitation: they are what is indented. */
function lines(name: "node" | "deno" | "bun", directory: string, port: number, isElsewhere: boolean): string[] {
  const text = invitation({ name, host }, embeddedPaths(directory), port, isElsewhere);
  return text.split("\n").filter((line) => line.startsWith("  ")).map((line) => line.trim());
}

test("on the default port and directory nothing need be said to the agent, nor to the administrator's commands", () => {
  assert.equal(lines("deno", ".certgen", 6443, false), [
    "deno run -A cli/agent.ts request",
    "deno run -A cli/agent.ts request --address [fd00::1]:6443 --cacrt serving-ca.crt --token-file token",
    "KUBECONFIG=.certgen/admin.kubeconfig kubectl get csr    (or: deno run -A cli/signer.ts list)",
  ]);
});

test("elsewhere everything is said", () => {
  const [here, there, admin] = lines("node", "/state", 1, true);
  const flags = "--address localhost:1 --cacrt /state/serving-ca.crt --token-file /state/token";
  assert.is(here, `npx tsx cli/agent.ts request ${flags}`);
  assert.match(there ?? "", "--address [fd00::1]:1 ");
  assert.is(
    admin,
    "KUBECONFIG=/state/admin.kubeconfig kubectl get csr    (or: npx tsx cli/signer.ts list --kubeconfig /state/admin.kubeconfig)",
  );
  assert.match(lines("node", "/state", 6443, true)[0] ?? "", "--address localhost:6443 ");
  const [otherPort, , own] = lines("bun", ".certgen", 1, false);
  assert.match(otherPort ?? "", "--address localhost:1 --cacrt /");
  assert.match(own ?? "", "(or: bun cli/signer.ts list)");
});

test("a host without an address is called by its name", () => {
  const text = invitation(
    { name: "bun", host: () => ({ name: "host1", addresses: [] }) },
    embeddedPaths(".certgen"),
    6443,
    false,
  );
  assert.match(text, "--address host1:6443 ");
});

test.run();
