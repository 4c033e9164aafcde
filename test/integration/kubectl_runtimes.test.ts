// timeout: 120
// The real kubectl against a signer on each runtime: in short, since the other files go into all of it on Node.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ageless, called, cells, kubectlTests, lines } from "../kubectl.ts";
import { pause, waitFor } from "../programs.ts";
import { currentRuntime } from "../runtimes.ts";

const runtime = currentRuntime();
const kubectl = kubectlTests(runtime, ["--approval=manual"]);

kubectl(`kubectl creates, watches, approves, waits and deletes at a signer on ${runtime}`, async (world) => {
  const { admin, create } = world;
  const [name = ""] = await create("a");
  const watch = admin.start("get", "csr", "--watch", "--output-watch-events");
  try {
    await waitFor(watch, /Pending/, 20);
    const waiting = admin.ok("wait", `csr/${name}`, "--for=condition=Approved", "--timeout=20s");
    // so that it waits for what has not yet happened
    await pause(0.7);
    assert.is(await admin.ok("certificate", "approve", name), lines(`${called(name)} approved`));
    assert.is(await waiting, lines(`${called(name)} condition met`));
    assert.is(
      ageless(await admin.ok("get", "csr")),
      lines(
        "NAME                 AGE   SIGNERNAME                   REQUESTOR       REQUESTEDDURATION   CONDITION",
        "system:etcd-peer:a   0s    certgen.internal/etcd-peer   certgen:admin   <none>              Approved,Issued",
      ),
    );
    await admin.ok("delete", "csr", name);
    await waitFor(watch, /DELETED/, 20);
    const events = cells(watch.output()).map(([event, , , , , , condition]) => `${event} ${condition}`);
    assert.equal(events.filter((event) => event !== "MODIFIED Approved"), [
      "EVENT CONDITION",
      "ADDED Pending",
      "MODIFIED Approved,Issued",
      "DELETED Approved,Issued",
    ]);
  } finally {
    await watch.stop();
  }
});

test.run();
