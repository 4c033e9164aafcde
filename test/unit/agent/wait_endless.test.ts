import { test } from "uvu";
import * as assert from "uvu/assert";
import { toUtf8 } from "../../../src/bytes.ts";
import { rejection } from "../../fakes.ts";
import { NAME, pending, wait } from "../../waiting.ts";

test("a watch that tells and tells, and never ends, is ended", async () => {
  const { object } = await pending();
  const event = toUtf8(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
  let timer: ReturnType<typeof setInterval> | undefined;
  const handler = (request: Request): Response => {
    if (!new URL(request.url).searchParams.has("watch")) return Response.json({ message: "no" }, { status: 404 });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        timer = setInterval(() => controller.enqueue(event), 5);
        request.signal.addEventListener("abort", () => {
          clearInterval(timer);
          controller.error(request.signal.reason);
        });
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body);
  };
  const { decided, logged } = wait(handler, object, { name: NAME, endlessSeconds: 0.1 });
  let alarm: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => alarm = setTimeout(() => reject(new Error("it goes on")), 3000));
  await rejection("rejected", Promise.race([decided, late]));
  assert.ok(logged().includes("warn: the watch has ended; looking at the request"), logged().join());
  clearTimeout(alarm);
  clearInterval(timer);
});

test.run();
