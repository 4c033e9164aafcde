#!/usr/bin/env node
import { main } from "./program.ts";

await main("certgen-agent", [
  {
    name: "request",
    description: "get a certificate from a signer",
    load: () => import("./request.ts"),
  },
  {
    name: "run",
    description: "keep certificates fresh until told to stop",
    load: () => import("./run.ts"),
  },
  {
    name: "renew",
    description: "renew what is due, once, as a timer does",
    load: () => import("./renew.ts"),
  },
  {
    name: "status",
    description: "say which certificates there are and what is due",
    load: () => import("./status.ts"),
  },
]);
