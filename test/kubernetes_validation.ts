/**
 * What kube-apiserver refuses of a CertificateSigningRequest that is created (`pkg/apis/certificates/validation`, and
 * `rest.BeforeCreate` for the name), written down apart from certgen's own signer, so that the two do not share a mistake.
 */
import { parseCsr, verifyCsr } from "../src/x509/csr.ts";

/** One cause of a 422. */
export interface Fault {
  readonly field: string;
  readonly reason: "FieldValueRequired" | "FieldValueInvalid" | "FieldValueNotSupported" | "FieldValueDuplicate";
  readonly message: string;
}

/** `KeyUsage` of certificates.k8s.io/v1. */
const USAGES: readonly string[] = [
  "signing",
  "digital signature",
  "content commitment",
  "key encipherment",
  "key agreement",
  "data encipherment",
  "cert sign",
  "crl sign",
  "encipher only",
  "decipher only",
  "any",
  "server auth",
  "client auth",
  "code signing",
  "email protection",
  "s/mime",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "timestamping",
  "ocsp signing",
  "microsoft sgc",
  "netscape sgc",
];

const LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const SIGNER_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})+/${LABEL}(?:\\.${LABEL})*$`);

type Json = Readonly<Record<string, unknown>>;

/** Everything that is wrong with an object; the shapes of its members are right. */
export async function createFaults({ metadata, spec }: { metadata: Json; spec: Json }): Promise<Fault[]> {
  return [
    ...nameFaults(metadata["name"]),
    ...await requestFaults(spec["request"]),
    ...usageFaults(spec["usages"]),
    ...signerFaults(spec["signerName"]),
    ...expirationFaults(spec["expirationSeconds"]),
  ];
}

/** `path.ValidatePathSegmentName`. */
function nameFaults(name: unknown): Fault[] {
  const field = "metadata.name";
  if (typeof name !== "string" || name === "") return [required(field, "name or generateName is required")];
  if (name === "." || name === "..") return [invalid(field, name, `may not be '${name}'`)];
  return ["/", "%"].filter((part) => name.includes(part)).map((part) => {
    return invalid(field, name, `may not contain '${part}'`);
  });
}

/** `ParseCSR`, and one block alone. */
async function requestFaults(request: unknown): Promise<Fault[]> {
  const field = "spec.request";
  if (typeof request !== "string" || request === "") return [required(field)];
  const pem = atob(request);
  if (pem.match(/-----BEGIN [A-Z ]+-----/g)?.join() !== "-----BEGIN CERTIFICATE REQUEST-----") {
    return [invalid(field, "[]byte{...}", "PEM block type must be CERTIFICATE REQUEST")];
  }
  try {
    await verifyCsr(parseCsr(pem));
    return [];
  } catch (error) {
    return [invalid(field, "[]byte{...}", String(error))];
  }
}

function usageFaults(usages: unknown): Fault[] {
  const field = "spec.usages";
  if (!Array.isArray(usages) || usages.length === 0) return [required(field)];
  return usages.flatMap((usage: unknown, i): Fault[] => {
    const at = `${field}[${i}]`;
    const message = JSON.stringify(usage);
    return [
      ...USAGES.includes(String(usage)) ? [] : [
        { field: at, reason: "FieldValueNotSupported", message: `Unsupported value: ${message}` } as const,
      ],
      ...usages.indexOf(usage) === i ? [] : [
        { field: at, reason: "FieldValueDuplicate", message: `Duplicate value: ${message}` } as const,
      ],
    ];
  });
}

/** `ValidateSignerName`, and what v1 no longer takes. */
function signerFaults(name: unknown): Fault[] {
  const field = "spec.signerName";
  if (typeof name !== "string" || name === "") return [required(field)];
  if (name === "kubernetes.io/legacy-unknown") {
    return [invalid(field, name, "the legacy signerName is not allowed via this API version")];
  }
  if (name.length <= 571 && SIGNER_NAME.test(name)) return [];
  return [
    invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
  ];
}

function expirationFaults(seconds: unknown): Fault[] {
  if (seconds === undefined || Number(seconds) >= 600) return [];
  const rule = "may not specify a duration less than 600 seconds (10 minutes)";
  return [invalid("spec.expirationSeconds", seconds, rule)];
}

function required(field: string, detail = ""): Fault {
  return { field, reason: "FieldValueRequired", message: `Required value${detail && `: ${detail}`}` };
}

function invalid(field: string, value: unknown, detail: string): Fault {
  return { field, reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${detail}` };
}
