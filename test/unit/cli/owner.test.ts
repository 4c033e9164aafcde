import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownerOf } from "../../../cli/owner.ts";
import type { Owner } from "../../../src/ports.ts";
import { rejection } from "../../fakes.ts";
import { MemoryFiles } from "../../memory_files.ts";

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a comment
+::::::
short:x:1:1
letters:x:one:1::/:/bin/sh
zeros:x:007:7::/:/bin/sh
huge:x:4294967296:1::/:/bin/sh
etcd:x:997:995:etcd user:/var/lib/etcd:/usr/sbin/nologin
etcd:x:1:1:the second of a name:/:/bin/sh
1000:x:5:5:a number for a name:/:/bin/sh
me:x:1000:1001:ä:/home/me:/bin/sh

`;
const GROUPS = "root:x:0:\netcd:x:995:me,you\nshort:x\nwheel:x:10:\nwheel:x:11:\n";

function world(passwd: string | undefined = PASSWD, group: string | undefined = GROUPS): MemoryFiles {
  const files = new MemoryFiles();
  files.put("/etc/passwd", passwd);
  files.put("/etc/group", group);
  return files;
}

const fails = async (text: string, files = world()): Promise<string> => {
  const { message } = await rejection("invalid-object", ownerOf(text, files));
  assert.ok(message.startsWith("Cannot use owner "), message);
  return message;
};

test("ownerOf: names and numbers, with their groups", async () => {
  const cases: [string, Owner][] = [
    ["etcd", { uid: 997, gid: 995 }],
    ["root", { uid: 0, gid: 0 }],
    ["1000", { uid: 1000, gid: 1001 }],
    ["0", { uid: 0, gid: 0 }],
    ["5:6", { uid: 5, gid: 6 }],
    ["4294967294:0", { uid: 4_294_967_294, gid: 0 }],
    ["etcd:wheel", { uid: 997, gid: 10 }],
    ["etcd:10", { uid: 997, gid: 10 }],
    ["77:wheel", { uid: 77, gid: 10 }],
  ];
  for (const [text, owner] of cases) assert.equal(await ownerOf(text, world()), owner, text);
});

test("ownerOf reads no more than it needs", async () => {
  for (
    const [text, reads] of [
      ["5:6", []],
      ["etcd", ["/etc/passwd"]],
      ["5:wheel", ["/etc/group"]],
      ["etcd:1", ["/etc/passwd"]],
    ] as const
  ) {
    const files = world();
    await ownerOf(text, files);
    assert.equal(files.calls, reads.map((path) => `read ${path}`));
  }
});

test("ownerOf says what a name is not", async () => {
  assert.is(
    await fails("nobody"),
    'Cannot use owner "nobody": /etc/passwd has no user "nobody": directory services are not asked, so give a number for a ' +
      "name of theirs",
  );
  assert.match(await fails("etcd:nogroup"), /\/etc\/group has no group "nogroup": directory services/);
  assert.match(await fails("4242"), /\/etc\/passwd has no user 4242 and so no primary group: give UID:GID$/);
  // broken lines are nobody's; short has no fields, the others no numbers
  for (const name of ["short", "letters", "zeros", "huge"]) assert.match(await fails(name), /has no user/);
  assert.match(await fails("etcd:short"), /has no group/);
});

test("ownerOf refuses what is no owner", async () => {
  const texts = ["", ":", "etcd:", ":etcd", "a:b:c", "a b", " etcd", "etcd ", "a,b", "a\n", "\u202e", "-1", "+", "1 0"];
  for (const text of [...texts, "x".repeat(257)]) assert.match(await fails(text), /it takes USER, UID:GID/);
  for (const text of ["4294967295", "4294967295:0", "0:4294967295", "007", "0:00", "1".repeat(200)]) {
    assert.match(await fails(text), /a number is 0 to 4294967294, without zeros before it/);
  }
});

test("ownerOf: a file that is not there is said so", async () => {
  await rejection("not-found", ownerOf("etcd", new MemoryFiles()));
  assert.equal(await ownerOf("1:2", new MemoryFiles()), { uid: 1, gid: 2 });
});

test.run();
