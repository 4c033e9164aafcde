import { KEY_TYPES } from "../src/x509/key.ts";
import type { FlagDefinition } from "./flag.ts";

/** Flags that say what a certificate is to be. */
export const CERTIFICATE_FLAGS: readonly FlagDefinition[] = [
  {
    name: "commonname",
    value: "string",
    defaultWords: "system:etcd-peer:<hostname>",
    placeholder: "NAME",
    description: "subject common name, and base name of the files",
  },
  {
    name: "orgname",
    value: "string",
    defaultWords: "what the common name's kind has, as system:etcd-peers",
    placeholder: "NAME",
    description: "subject organization",
  },
  {
    name: "signer-name",
    value: "string",
    defaultWords: "what the common name's kind has, as certgen.internal/etcd-peer",
    placeholder: "DOMAIN/NAME",
    description: "signer that is asked for; needed, as --orgname, for a common name that is not one of etcd's kinds",
  },
  {
    name: "dnsnames",
    value: "list",
    defaultWords: "this host's name and localhost, where --ipaddrs is not given either",
    placeholder: "NAMES",
    description: "comma separated DNS names",
  },
  {
    name: "ipaddrs",
    value: "list",
    defaultWords: "this host's addresses, where --dnsnames is not given either",
    placeholder: "ADDRESSES",
    description: "comma separated IP addresses",
  },
  {
    name: "key-type",
    value: "choice",
    choices: KEY_TYPES,
    default: "ec-p256",
    placeholder: "TYPE",
    description: "kind of key",
  },
  {
    name: "lifetime",
    value: "duration",
    defaultWords: "the signer's",
    min: "10m",
    max: "24855d",
    placeholder: "DURATION",
    description: "lifetime that is asked for; the signer may give less",
  },
];

/** Flags that say where the files go. */
export const PLACE_FLAGS: readonly FlagDefinition[] = [
  {
    name: "assetsdir",
    value: "path",
    default: "certs",
    placeholder: "DIR",
    description: "directory where key and certificate go; made where it is missing",
  },
  {
    name: "key-mode",
    value: "string",
    defaultWords: "0600, or what the key in use has, where a group may read it",
    placeholder: "MODE",
    description: "permission bits of the key, in octal; none for others than owner and group",
  },
  {
    name: "cert-mode",
    value: "string",
    default: "0644",
    placeholder: "MODE",
    description: "permission bits of the certificate and of the CA's file, in octal; only the owner writes",
  },
  {
    name: "owner",
    value: "string",
    defaultWords: "the user that the agent runs as",
    placeholder: "USER|UID[:GROUP|:GID]",
    description: "whom the files are given to; names are those of /etc/passwd and /etc/group",
  },
];

/** Flags that say where the signer is. */
export const SIGNER_FLAGS: readonly FlagDefinition[] = [
  {
    name: "address",
    value: "string",
    default: "localhost:6443",
    placeholder: "HOST:PORT",
    description: "the signer, or its https:// address",
  },
  {
    name: "cacrt",
    value: "path",
    defaultWords: ".certgen/serving-ca.crt where it exists",
    placeholder: "FILE",
    description: "CA that the signer's own certificate must chain to; no other is trusted",
  },
  {
    name: "issuer-cacrt",
    value: "path",
    defaultWords: "what the signer says, else --cacrt",
    placeholder: "FILE",
    description: "CA that must have issued the answer, whatever the signer says",
  },
  {
    name: "kubeconfig",
    value: "path",
    placeholder: "FILE",
    description: "kubeconfig to reach the signer with, in place of --address and --cacrt",
  },
  {
    name: "in-cluster",
    value: "boolean",
    default: "false",
    placeholder: "BOOL",
    description:
      "reach the API server with the service account of the pod, in place of --address, --cacrt and --token-file",
  },
  {
    name: "token-file",
    value: "path",
    defaultWords: ".certgen/token where it exists and none of --address --cacrt --kubeconfig --in-cluster is given",
    placeholder: "FILE",
    description: "file with a bearer token",
  },
];

/** Flags that say what follows a change. */
export const CHANGE_FLAGS: readonly FlagDefinition[] = [
  {
    name: "rotate-key",
    value: "choice",
    choices: ["never", "always"],
    default: "never",
    placeholder: "WHEN",
    description: "never or always: whether a renewal makes a new key, which readers must be told of (--on-change)",
  },
  {
    name: "on-change",
    value: "path",
    placeholder: "PROGRAM",
    description: "program that is run, without a shell and arguments, after the files have changed",
  },
  {
    name: "check",
    value: "path",
    placeholder: "PROGRAM",
    description: "program that is run after that, and says by its exit code whether the new files work",
  },
  {
    name: "check-tls",
    value: "string",
    placeholder: "HOST:PORT",
    description: "TLS server that must show the new certificate",
  },
];

/** Flag that takes the place of all the others. */
export const CONFIG_FLAG: FlagDefinition = {
  name: "config",
  value: "path",
  placeholder: "FILE",
  description: "file that lists certificates and says where the signer is, in place of the flags for one",
};

/** Flag of the commands that may write metrics. */
export const TEXTFILE_FLAG: FlagDefinition = {
  name: "textfile",
  value: "path",
  placeholder: "FILE",
  description: "file whose name ends with .prom, for the node exporter: metrics are written there",
};
