import { test } from "uvu";
import * as assert from "uvu/assert";
import { RequestTable } from "../../../cli/request_table.ts";
import { toBase64Pem } from "../../../src/k8s/certificate_signing_request.ts";
import { type RequestView, viewOf } from "../../../src/k8s/request_view.ts";
import { createCsr } from "../../../src/x509/csr.ts";
import { issuedObject } from "../../fake_api.ts";
import { MOMENT } from "../../fakes.ts";
import { sharedKey } from "../../signing.ts";

const now = new Date(MOMENT);
const issued = viewOf(await issuedObject());

type Change = { [part in keyof RequestView]?: Partial<RequestView[part]> };
const changed = ({ metadata, spec, status }: Change): RequestView => ({
  metadata: { ...issued.metadata, ...metadata },
  spec: { ...issued.spec, ...spec },
  status: status ?? issued.status,
});
/** The cells of the one row of a table. */
const cells = (request: RequestView, isWide = false, gone = false): string[] =>
  new RequestTable(isWide).lines([request], now, gone).split("\n")[1]?.split(/ {3,}/) ?? [];

test("a table has a header, a line for each request, and columns that stand under each other", () => {
  const long = changed({ metadata: { name: "a-name-that-is-longer-than-others" }, status: {} });
  assert.is(
    new RequestTable(false).lines([issued, long], now),
    `NAME                                AGE   PROFILE     REQUESTER          NAMES             STATE             EXPIRES
system:etcd-peer:etcd1              0s    etcd-peer   system:anonymous   etcd1,10.8.89.9   Approved,Issued   365d
a-name-that-is-longer-than-others   0s    etcd-peer   system:anonymous   etcd1,10.8.89.9   Pending           <none>
`,
  );
});

test("what comes later stands under what is there, without another header", () => {
  const table = new RequestTable(false);
  const [header = "", first = ""] = table.lines([issued], now).split("\n");
  const second = table.lines([changed({ metadata: { name: "a" } })], now, true);
  assert.is(second.indexOf("etcd-peer"), first.indexOf(" etcd-peer") + 1);
  assert.is(second.indexOf("Deleted"), header.indexOf("STATE"));
  const longer = table.lines([changed({ metadata: { name: "x".repeat(60) } })], now);
  assert.ok(longer.indexOf("etcd-peer") > 60);
  assert.is(new RequestTable(false).lines([], now).trimEnd().split(/ +/).length, 7);
});

test("of many names a narrow table shows the first, a wide one all, and when the certificate expires", async () => {
  const requestOf = async (dnsNames: string[]): Promise<RequestView> => {
    const { pem } = await createCsr({ key: await sharedKey(), subject: { commonName: "x" }, dnsNames });
    return changed({ spec: { request: toBase64Pem(pem) } });
  };
  const many = await requestOf(["one.example", "two.example", "three.example", "four.example"]);
  assert.is(cells(many)[4], "one.example,two.example,three.example,+1");
  assert.is(cells(many, true)[4], "one.example,two.example,three.example,four.example");
  const long = `${"x".repeat(60)}.example`;
  assert.is(cells(await requestOf([long, "b"]))[4], `${"x".repeat(39)}…,+1`);
  assert.is(cells(await requestOf([long]))[4], `${"x".repeat(39)}…`);
  assert.is(cells(await requestOf([]))[4], "<none>");
  assert.is(cells(changed({ spec: { request: "eA==" } }))[4], "<unreadable>");
  assert.is(cells(issued, true)[6], "365d (2027-03-01T12:00:00Z)");
  assert.is(cells(changed({ status: { certificate: "eA==" } }))[6], "<unreadable>");
});

test("what is not there, and who is somebody else's", () => {
  const odd = changed({
    metadata: { creationTimestamp: "" },
    spec: { signerName: "example.com/x", username: "" },
    status: { conditions: [{ type: "Denied", status: "True" }] },
  });
  assert.equal(cells(odd), [
    "system:etcd-peer:etcd1",
    "<unknown>",
    "example.com/x",
    "<none>",
    "etcd1,10.8.89.9",
    "Denied",
    "<none>",
  ]);
});

test("nothing of it is anything that a terminal acts on", () => {
  const hostile = changed({
    metadata: { name: "a\u202eb\n\x1b[2J" },
    spec: { signerName: "\x9b31m", username: "c\rd" },
  });
  const text = new RequestTable(true).lines([hostile], now);
  assert.not.match(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.match(text, "a\\u202eb\\n\\u001b[2J ");
  assert.is(text.trimEnd().split("\n").length, 2);
});

test.run();
