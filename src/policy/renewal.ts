/**
 * Renewals: what the key of a certificate may have without a rule that gives more, which is the certificate once more.
 * @module
 */
import { formatGeneralName } from "../x509/general_name.ts";
import { nameKey, numberFault } from "./names.ts";
import type { AskedSubject, Question } from "./question.ts";
import { quoted } from "../text.ts";

/** Whether a certificate's key asks. */
export function isRenewal({ identity, renewal }: Question): boolean {
  return identity.proof === "certificate" || renewal !== undefined;
}

/** Why it is not the same certificate as to profile and subject, if it is not. */
export function renewedSubjectFault({ renewal, profile, subject }: Question): string | undefined {
  if (renewal === undefined) return "nothing is known of the certificate that proves it";
  if (renewal.profile !== profile.name) {
    return `the certificate is of profile ${quoted(renewal.profile)}, not ${quoted(profile.name)}`;
  }
  return isSameSubject(renewal.subject, subject)
    ? undefined
    : `the certificate's subject is ${subjectText(renewal.subject)}, not ${subjectText(subject)}`;
}

/** The same, and why it has a name that the certificate has not. */
export function exactRenewalFault(question: Question): string | undefined {
  const fault = renewedSubjectFault(question);
  if (fault !== undefined) return fault;
  const number = numberFault(question.names, question.profile.maxNames);
  if (number !== undefined) return number;
  const had = new Set(question.renewal?.names.map(nameKey));
  const wider = question.names.find((name) => !had.has(nameKey(name)));
  return wider && `${quoted(formatGeneralName(wider))} is no name of the certificate`;
}

function isSameSubject(a: AskedSubject, b: AskedSubject): boolean {
  return a.commonName === b.commonName && a.organization === b.organization &&
    a.others.length === b.others.length && a.others.every((other, i) => other === b.others[i]);
}

function subjectText({ commonName, organization, others }: AskedSubject): string {
  const parts = [...organization === undefined ? [] : [`O=${organization}`], `CN=${commonName}`, ...others];
  return quoted(parts.join(", "));
}
