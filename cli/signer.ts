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
    name: "revoke",
    description: "revoke certificates",
    load: () => import("./revoke.ts"),
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
    name: "token create",
    description: "make a bootstrap token",
    load: () => import("./token_create.ts"),
  },
  {
    name: "token list",
    description: "list bootstrap tokens",
    load: () => import("./token_list.ts"),
  },
  {
    name: "token revoke",
    description: "revoke bootstrap tokens",
    load: () => import("./token_revoke.ts"),
  },
  {
    name: "policy explain",
    description: "say whether somebody may have what a CSR asks for, and why",
    load: () => import("./policy_explain.ts"),
  },
  {
    name: "policy test",
    description: "judge the cases of a file, and say of each whether it came out as expected",
    load: () => import("./policy_test.ts"),
  },
  {
    name: "audit verify",
    description: "find what was changed in the audit log",
    load: () => import("./audit_verify.ts"),
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
