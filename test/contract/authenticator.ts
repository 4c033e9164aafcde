/** What every {@link Authenticator} must do, whatever credential it knows. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Authenticator } from "../../src/auth/authenticator.ts";
import { CertgenError } from "../../src/errors.ts";
import type { Identity } from "../../src/identity.ts";

/** An authenticator, a credential it knows, and whose that is. */
export interface AuthenticatorCase {
  readonly authenticate: Authenticator;
  /** Value of the `Authorization` header. */
  readonly good: string;
  readonly identity: Identity;
  /** Whether its names are somebody else's words, as those of a JWT: then none of them is one of certgen's or Kubernetes'. */
  readonly isFromOutside?: true;
  /** Values of the header that are of its kind and nobody's, and ones that are of no kind at all. */
  readonly bad: readonly string[];
}

/** A request with an `Authorization` header, or without one. */
export function asking(authorization?: string): Request {
  return new Request("https://signer/x", { headers: authorization === undefined ? {} : { authorization } });
}

/** Registers the suite. */
export function authenticatorContract(name: string, make: () => Promise<AuthenticatorCase>): void {
  test(`${name}: a request without a credential is nobody's`, async () => {
    const { authenticate } = await make();
    assert.is(await authenticate(asking()), null);
    const elsewhere = { cookie: "token=x", "x-remote-user": "root", "proxy-authorization": (await make()).good };
    assert.is(await authenticate(new Request("https://signer/x?token=x", { headers: elsewhere })), null);
  });

  test(`${name}: a credential of another scheme is nobody's`, async () => {
    const { authenticate, good } = await make();
    const token = good.replace(/^\S+ /, "");
    const values = [
      "",
      "Basic eDp5",
      `Basic ${token}`,
      `Digest ${token}`,
      `Negotiate ${token}`,
      `Token ${token}`,
      token,
    ];
    for (const value of values) assert.is(await authenticate(asking(value)), null, value);
  });

  test(`${name}: a good credential names its identity, each time`, async () => {
    const { authenticate, good, identity } = await make();
    for (let i = 0; i < 3; i++) assert.equal(await authenticate(asking(good)), identity);
    const answers = await Promise.all(Array.from({ length: 20 }, () => authenticate(asking(good))));
    for (const answer of answers) assert.equal(answer, identity);
  });

  test(`${name}: an identity that was proven does not say it was not`, async () => {
    const { authenticate, good } = await make();
    const identity = await authenticate(asking(good));
    assert.is.not(identity?.proof, "none");
    assert.not.ok(identity?.username === "" || identity?.username === "system:anonymous");
    assert.not.ok(identity?.groups.includes("system:unauthenticated"));
    assert.is(new Set(identity?.groups).size, identity?.groups.length);
  });

  test(`${name}: what comes from outside is in no group of certgen's, and has no name of its own`, async () => {
    const { authenticate, good, isFromOutside } = await make();
    if (isFromOutside !== true) return;
    const { username = "", groups = [], extra = {} } = await authenticate(asking(good)) ?? {};
    assert.ok(groups.includes("system:authenticated"));
    const names = [username, ...groups.filter((group) => group !== "system:authenticated")];
    assert.equal(names.filter((text) => /^(?:certgen|system):/i.test(text)), []);
    assert.equal(Object.keys(extra).filter((key) => !key.startsWith("claim.certgen.internal/")), []);
  });

  test(`${name}: a bad credential is nobody's, or unauthorized with nothing said`, async () => {
    const { authenticate, bad } = await make();
    for (const value of bad) {
      try {
        assert.is(await authenticate(asking(value)), null, value);
      } catch (error) {
        if (!(error instanceof CertgenError)) throw error;
        assert.equal([error.code, error.message], ["unauthorized", "Unauthorized"], value);
      }
    }
  });

  test(`${name}: the body is left alone`, async () => {
    const { authenticate, good } = await make();
    const request = new Request("https://signer/x", { method: "POST", body: "x", headers: { authorization: good } });
    await authenticate(request);
    assert.not.ok(request.bodyUsed);
    assert.is(await request.text(), "x");
  });
}
