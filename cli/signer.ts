#!/usr/bin/env node
import { main } from "./program.ts";

await main("certgen-signer", [
  {
    name: "serve",
    description: "serve the signer",
    load: () => import("./serve.ts"),
  },
  {
    name: "init",
    description: "make CAs, server and client credentials for trying things out",
    load: () => import("./init.ts"),
  },
  {
    name: "destroy",
    description: "remove what init made",
    load: () => import("./destroy.ts"),
  },
]);
