#!/usr/bin/env node
import { main } from "./program.ts";

await main("certgen-agent", [
  {
    name: "request",
    description: "get a certificate from a signer",
    load: () => import("./request.ts"),
  },
]);
