import { humanDuration } from "../src/k8s/human_duration.ts";
import type { RequestView } from "../src/k8s/request_view.ts";
import { conditionText } from "../src/k8s/table.ts";
import { formatGeneralName } from "../src/x509/general_name.ts";
import { formatName } from "../src/x509/name.ts";
import { printable } from "../src/text.ts";
import { ageOf, certificateOf, csrOf, distanceOf, NONE, timeOf } from "./request_text.ts";

/** A label and its values, each of which has a line. */
type Row = readonly [label: string, ...values: readonly string[]];

const INDENTATION = "  ";
const LABEL_WIDTH = 14;

/** Everything about a request, for people. */
export function describeRequest(request: RequestView, now: Date): string {
  const { metadata, spec, status } = request;
  const { expirationSeconds } = spec;
  return [
    rows([
      ["Name", metadata.name],
      ["State", conditionText(status)],
      ["Created", created(metadata.creationTimestamp, now)],
      ["Signer", spec.signerName || NONE],
      ["Requester", spec.username || NONE],
      ["Groups", ...spec.groups],
      ["Usages", ...spec.usages],
      ["Lifetime", expirationSeconds === undefined ? "<the profile's>" : humanDuration(expirationSeconds)],
      ["Labels", ...pairs(metadata.labels)],
      ["Annotations", ...pairs(metadata.annotations)],
    ]),
    section("Request", requestRows(request)),
    section("Conditions", conditionRows(request)),
    section("Certificate", certificateRows(request, now)),
  ].join("");
}

function created(timestamp: string, now: Date): string {
  return timestamp === "" ? "<unknown>" : `${timestamp} (${ageOf(timestamp, now)} ago)`;
}

function requestRows(request: RequestView): readonly Row[] | string {
  const csr = csrOf(request);
  if (csr === undefined) return "<unreadable>";
  const { subject, publicKey, extensions } = csr;
  return [
    ["Subject", formatName(subject)],
    ["Names", ...extensions.subjectAltName?.map(formatGeneralName) ?? []],
    ["Key", publicKey.fault === undefined ? publicKey.name : `${publicKey.name}: ${publicKey.fault}`],
  ];
}

function conditionRows({ status }: RequestView): readonly Row[] | string {
  if (status.conditions === undefined) return NONE;
  return status.conditions.flatMap(({ type, status, reason, message, lastUpdateTime, lastTransitionTime }) => {
    const since = lastTransitionTime ?? lastUpdateTime ?? "<unknown>";
    const updated = lastUpdateTime === undefined || lastUpdateTime === since ? [] : [`updated ${lastUpdateTime}`];
    const head = status === "True" ? since : `${status}, ${since}`;
    return [[type || NONE, head, ...updated, ...reason ? [reason] : [], ...message ? [message] : []] as const];
  });
}

function certificateRows(request: RequestView, now: Date): readonly Row[] | string {
  if (request.status.certificate === undefined) return NONE;
  const certificate = certificateOf(request);
  if (certificate === undefined) return "<unreadable>";
  const { subject, issuer, serialNumber, notBefore, notAfter, extensions, publicKey } = certificate;
  const isOver = notAfter < now;
  return [
    ["Serial", serialNumber],
    ["Subject", formatName(subject)],
    ["Issuer", formatName(issuer)],
    ["Names", ...extensions.subjectAltName?.map(formatGeneralName) ?? []],
    ["Key", publicKey.name],
    ["Valid from", timeOf(notBefore)],
    ["Valid until", `${timeOf(notAfter)} (${isOver ? "expired " : "expires in "}${distanceOf(notAfter, now)})`],
  ];
}

const pairs = (map: Readonly<Record<string, string>>): string[] => Object.entries(map).map(([k, v]) => `${k}=${v}`);

function section(title: string, content: readonly Row[] | string): string {
  return typeof content === "string" ? rows([[title, content]]) : `${title}:\n${rows(content, INDENTATION)}`;
}

/** Rows with their values under each other; each value is one line, whatever is in it. */
function rows(list: readonly Row[], indentation = ""): string {
  return list.flatMap(([label, ...values]) => {
    const head = `${indentation}${printable(label)}:`.padEnd(LABEL_WIDTH);
    const lines = values.length === 0 ? [NONE] : values.map(printable);
    return lines.map((line, i) => `${i === 0 ? head : " ".repeat(head.length)} ${line}\n`);
  }).join("");
}
