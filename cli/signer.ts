#!/usr/bin/env node
import { main } from "./program.ts";

await main("certgen-signer", [
  {
    name: "serve",
    description: "serve the signer",
    load: () => import("./serve.ts"),
  },
  {
    name: "list",
    description: "list requests",
    load: () => import("./list.ts"),
  },
  {
    name: "show",
    description: "show everything about one request",
    load: () => import("./show.ts"),
  },
  {
    name: "approve",
    description: "approve requests",
    load: () => import("./approve.ts"),
  },
  {
    name: "deny",
    description: "deny requests",
    load: () => import("./deny.ts"),
  },
  {
    name: "delete",
    description: "delete requests",
    load: () => import("./delete.ts"),
  },
  {
    name: "kubeconfig",
    description: "print a kubeconfig for kubectl",
    load: () => import("./kubeconfig.ts"),
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
