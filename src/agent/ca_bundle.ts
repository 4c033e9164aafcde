/**
 * The CAs that a node trusts, and how they may change.
 * @module
 */
import { equal } from "../bytes.ts";
import { CertgenError } from "../errors.ts";
import { quotedList } from "../text.ts";
import { caFault, type Certificate, isIssuedBy } from "../x509/certificate.ts";
import { formatName } from "../x509/name.ts";

/** What a bundle is decided from. */
export interface BundleChange {
  /** What is trusted now; none where this is the first. */
  readonly present: readonly Certificate[];
  /** What the signer says, over a connection that is pinned. */
  readonly said: readonly Certificate[];
  /** The pairs that are kept: the CAs that issued them stay in the bundle. */
  readonly kept: readonly Certificate[];
  /** Whether it is no signer's word but the user's, which needs no CA that was there before. */
  readonly isPinned: boolean;
  readonly at: Date;
}

/**
 * The bundle that follows another: what the signer says, where it holds a CA that is trusted already or one that such a CA
 * certified, and those of before that issued a pair which is kept, so that old and new overlap.
 *
 * @throws CertgenError `invalid-certificate` where nothing leads from what is trusted to what is said
 */
export async function nextBundle({ present, said, kept, isPinned, at }: BundleChange): Promise<Certificate[]> {
  const unusable = said.length === 0
    ? "it names none"
    : said.map((ca) => caFault(ca, at)).find((fault) => fault !== undefined);
  if (unusable !== undefined) {
    throw new CertgenError("invalid-certificate", `Cannot take the CA that the signer names: ${unusable}`);
  }
  const usable = present.filter((ca) => caFault(ca, at) === undefined);
  if (!isPinned && present.length > 0 && !await isContinued(usable, said)) {
    const names = quotedList(said.map(({ subject }) => formatName(subject)));
    throw new CertgenError(
      "invalid-certificate",
      `Cannot take the CA that the signer names, ${names}: no CA that is trusted here has certified it, and the bundle ` +
        "holds none; where it is right, put it into the CA's file by hand, or give it as --issuer-cacrt",
    );
  }
  const bundle: Certificate[] = [];
  const add = (ca: Certificate): void => void (bundle.some((one) => equal(one.der, ca.der)) || bundle.push(ca));
  said.forEach(add);
  for (const ca of usable) for (const leaf of kept) if (await isIssuedBy(leaf, ca)) add(ca);
  return bundle;
}

/** Whether a bundle holds one of some CAs, the same key under the same name, or one that leads to them. */
async function isContinued(trusted: readonly Certificate[], said: readonly Certificate[]): Promise<boolean> {
  const isSame = (a: Certificate, b: Certificate): boolean =>
    equal(a.publicKey.spki, b.publicKey.spki) && equal(a.subject.der, b.subject.der);
  for (const ca of trusted) {
    for (const one of said) if (isSame(ca, one) || await isIssuedBy(one, ca)) return true;
  }
  return false;
}

/** Text that two bundles can be compared by, and that is written. */
export function bundleText(cas: readonly Certificate[]): string {
  return cas.map((ca) => ca.pem).join("");
}

/** The CA of some that issued a certificate. */
export async function issuerOf(leaf: Certificate, cas: readonly Certificate[]): Promise<Certificate | undefined> {
  for (const ca of cas) if (await isIssuedBy(leaf, ca)) return ca;
  return undefined;
}
