import { type Bytes, toUtf8 } from "../bytes.ts";
import { parseContinue } from "../k8s/list.ts";
import type { ListOptions } from "../k8s/list_options.ts";
import type { Services } from "./call.ts";
import { showList, type View } from "./view.ts";

/**
 * A list without a limit: clients that ask for one look for no next page. It is written as it is read, so that it may be
 * longer than what memory, or a text, can hold.
 *
 * @throws CertgenError `malformed-object` where the `continue` token is not ours
 */
export function wholeList(
  options: ListOptions,
  view: View,
  isPretty: boolean,
  services: Pick<Services, "objects" | "now">,
): Response {
  const { objects, now } = services;
  const { continueToken, selectors } = options;
  const position = continueToken === undefined ? undefined : parseContinue(continueToken);
  // first, so that what changes while it is read is told to whoever watches from here
  const revision = Math.min(position?.revision ?? objects.revision, objects.revision);
  const textOf = (shown: Parameters<typeof showList>[0]): string => {
    const list = showList(shown, { resourceVersion: String(revision) }, view, now);
    return isPretty ? JSON.stringify(list, null, 2) : JSON.stringify(list);
  };
  // in each form of a list the objects come last
  const empty = textOf([]);
  const head = empty.slice(0, empty.lastIndexOf("[]") + 1);
  const end = isPretty ? "\n  ]\n}" : "]}";
  const chunks = async function* (): AsyncGenerator<Bytes, undefined> {
    yield toUtf8(head);
    let count = 0;
    for await (const { items } of objects.parts(position?.start)) {
      const matching = items.map(({ object }) => object).filter((object) => selectors.matches(object));
      if (matching.length === 0) continue;
      yield toUtf8((count === 0 ? "" : ",") + textOf(matching).slice(head.length, -end.length));
      count += matching.length;
    }
    yield toUtf8(`${count === 0 ? empty.slice(head.length) : end}\n`);
  };
  const rest = chunks();
  const body = new ReadableStream<Bytes>({
    pull: async (controller) => {
      const { value } = await rest.next();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void await rest.return(undefined),
  });
  return new Response(body, {
    headers: { "content-type": "application/json", "cache-control": "no-cache, private" },
  });
}
