import { test } from "uvu";
import * as assert from "uvu/assert";
import { inClusterTarget } from "../../../src/agent/in_cluster.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
const PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
const ENV = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
const SECRET = "eyJhbGciOiJSUzI1NiJ9.e30.c2VjcmV0";

function pod(token: string | undefined = SECRET, ca: string | undefined = PEM): MemoryFiles {
  const files = new MemoryFiles();
  files.put(`${DIRECTORY}/token`, token);
  files.put(`${DIRECTORY}/ca.crt`, ca);
  return files;
}

test("inClusterTarget reads address, CA and service account of a pod", async () => {
  assert.equal(await inClusterTarget(pod(), ENV), {
    url: "https://10.96.0.1:443",
    ca: PEM,
    token: SECRET,
    client: undefined,
  });
  const { token } = await inClusterTarget(pod(`${SECRET}\n`), ENV);
  assert.is(token, SECRET);
});

test("an IPv6 address stands in brackets, a name as it is", async () => {
  const urls: [string, string][] = [
    ["fd00:10:96::1", "https://[fd00:10:96::1]:6443"],
    ["::1", "https://[::1]:6443"],
    ["kubernetes.default.svc", "https://kubernetes.default.svc:6443"],
  ];
  for (const [host, url] of urls) {
    const env = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: "6443" };
    assert.is((await inClusterTarget(pod(), env)).url, url);
  }
});

test("a token that was rotated is read at the next call", async () => {
  const files = pod();
  await inClusterTarget(files, ENV);
  files.put(`${DIRECTORY}/token`, "the.next.one");
  assert.is((await inClusterTarget(files, ENV)).token, "the.next.one");
});

test("what is missing is named", async () => {
  const cases: [Record<string, string | undefined>, RegExp][] = [
    [{}, /: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so this is no pod$/],
    [{ KUBERNETES_SERVICE_HOST: "10.96.0.1" }, /: KUBERNETES_SERVICE_PORT is not set/],
    [{ ...ENV, KUBERNETES_SERVICE_HOST: "" }, /: KUBERNETES_SERVICE_HOST is not set/],
    [{ ...ENV, KUBERNETES_SERVICE_HOST: undefined }, /: KUBERNETES_SERVICE_HOST is not set/],
  ];
  for (const [env, message] of cases) {
    assert.match((await rejection("not-found", inClusterTarget(pod(), env))).message, message);
  }
  for (const name of ["token", "ca.crt"]) {
    const files = pod();
    await files.remove(`${DIRECTORY}/${name}`);
    const { message } = await rejection("not-found", inClusterTarget(files, ENV));
    assert.match(message, `there is no ${DIRECTORY}/${name}: the pod has no service account`);
  }
});

test("what cannot be used is refused, and no token repeated", async () => {
  const addresses = [
    ["10.96.0.1/x", "443"],
    ["a@b", "443"],
    ["a?b", "443"],
    ["a b", "443"],
    ["[::1]", "443"],
    ["a:b:c", "443"],
    ["10.96.0.1", "443/x"],
    ["10.96.0.1", "tcp://10.96.0.1:443"],
    ["10.96.0.1", "0"],
    ["10.96.0.1", "65536"],
    ["10.96.0.1", "-1"],
  ];
  for (const [host, port] of addresses) {
    const env = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port };
    const { message } = await rejection("malformed-object", inClusterTarget(pod(), env));
    assert.match(message, "make no address", `${host} ${port}`);
  }
  for (const token of ["", "\n", "two words", `${SECRET}\r\n${SECRET}`, `${SECRET}\u0000`]) {
    const { message } = await rejection("malformed-object", inClusterTarget(pod(token), ENV));
    assert.match(message, /token holds no bearer token$/);
    assert.not.match(message, SECRET);
  }
  const { message } = await rejection("malformed-object", inClusterTarget(pod(SECRET, "no PEM"), ENV));
  assert.match(message, /ca\.crt holds no certificate$/);
});

test.run();
