/**
 * What is done from time to time with everything that is stored: finish what a crash left, remove what is over, count.
 * @module
 */
import { CertgenError, messageOf } from "../errors.ts";
import type { Identity } from "../identity.ts";
import {
  type CertificateSigningRequest,
  conditionOf,
  fromBase64Pem,
  isOwn,
} from "../k8s/certificate_signing_request.ts";
import type { Log, Now } from "../ports.ts";
import { parseCertificates } from "../x509/certificate.ts";
import type { Administration } from "./administration.ts";
import { isPending } from "./object.ts";
import type { Objects, Stored } from "./objects.ts";
import type { Signing } from "./signing.ts";

/** How long objects stay, in seconds. */
export interface Retention {
  /** Denied or failed, from then on. */
  readonly refusedSeconds: number;
  /** Undecided, or decided by nobody's certificate, from their creation on. */
  readonly pendingSeconds: number;
  /** Issued, from the end of their certificate on. */
  readonly expiredSeconds: number;
}

/** What a sweep stands on. */
export interface SweepOptions {
  readonly objects: Objects;
  readonly signing: Signing;
  readonly administration: Administration;
  readonly retention: Retention;
  readonly now: Now;
  readonly log: Log;
}

const SIGNER: Identity = { username: "system:certgen", groups: [], proof: "none" };

/** Goes once through all objects. What fails with one of them is logged, and tried again the next time. */
export async function sweep(options: SweepOptions): Promise<void> {
  const { objects, log } = options;
  objects.usage.startRecount();
  for await (const { items, last } of objects.parts()) {
    // first, so that what the sweep itself does is counted as any other change
    objects.usage.recount(items, last);
    for (const stored of items) {
      try {
        await sweepOne(stored, options);
      } catch (error) {
        const isChanged = error instanceof CertgenError && (error.code === "conflict" || error.code === "not-found");
        const { name } = stored.object.metadata;
        if (!isChanged) log("warn", "sweeping failed", { name, because: messageOf(error) });
      }
    }
  }
  objects.usage.endRecount();
}

async function sweepOne(stored: Stored, options: SweepOptions): Promise<void> {
  const { objects, signing, administration, retention, now } = options;
  const { object } = stored;
  // what the older system left is not ours to remove
  if (!isOwn(object)) return;
  const { name, uid, resourceVersion } = object.metadata;
  if (!signing.isFinished(stored)) {
    await objects.exclusively(name, async () => {
      const present = await objects.get(name);
      if (present !== undefined) await signing.finish(present);
    });
    return;
  }
  const end = endOf(object, retention);
  if (end === undefined || end > now().getTime()) return;
  await administration.delete(name, SIGNER, { preconditions: { uid, resourceVersion } });
}

/** When an object may go, in milliseconds since 1970; `undefined` where it is not known. */
function endOf(object: CertificateSigningRequest, retention: Retention): number | undefined {
  const { metadata, status } = object;
  const after = (from: string | null | undefined, seconds: number): number | undefined => {
    const start = Date.parse(from ?? "");
    return Number.isNaN(start) ? undefined : start + seconds * 1000;
  };
  const refused = conditionOf(object, "Denied") ?? conditionOf(object, "Failed");
  if (refused !== undefined) {
    return after(
      refused.lastTransitionTime ?? refused.lastUpdateTime ?? metadata.creationTimestamp,
      retention.refusedSeconds,
    );
  }
  if (status.certificate === undefined || isPending(object)) {
    return after(metadata.creationTimestamp, retention.pendingSeconds);
  }
  const [certificate] = parseCertificates(fromBase64Pem(status.certificate));
  return certificate && certificate.notAfter.getTime() + retention.expiredSeconds * 1000;
}
