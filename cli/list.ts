import type { RequestList } from "../src/agent/admin_client.ts";
import { type RequestChange, watchRequests } from "../src/agent/watch.ts";
import { GROUP } from "../src/k8s/status.ts";
import { viewOf } from "../src/k8s/request_view.ts";
import { secureRandom } from "../src/random.ts";
import { type Admin, asAdmin, TARGET_FLAGS } from "./admin.ts";
import { EXIT, UsageError } from "./exit.ts";
import { type CommandDefinition, COMMON_FLAGS, OUTPUT_FLAG } from "./flag.ts";
import { commandLog } from "./log.ts";
import type { Options } from "./options.ts";
import { printable } from "../src/text.ts";
import type { Context } from "./program.ts";
import { RequestTable } from "./request_table.ts";
import { toYaml } from "./yaml.ts";

/** `certgen-signer list`. */
export const definition: CommandDefinition = {
  program: "certgen-signer",
  name: "list",
  description: "list the requests that the signer has: who asks, for which names, what became of it",
  example: "certgen-signer list --watch",
  flags: [
    {
      ...OUTPUT_FLAG,
      choices: ["text", "wide", "json", "yaml"],
      description: "text, wide, json or yaml: how the answer looks; wide has all names and when certificates expire",
    },
    {
      name: "watch",
      short: "w",
      value: "boolean",
      default: "false",
      placeholder: "BOOLEAN",
      description: "go on with every change, until interrupted; as JSON one change on each line",
    },
    {
      name: "selector",
      short: "l",
      value: "string",
      placeholder: "LABELS",
      description: "list those alone whose labels match, as kubectl's: team=db,stage!=test",
    },
    ...TARGET_FLAGS,
    ...COMMON_FLAGS,
  ],
};

/** Lists them, and watches where that is asked for. */
export async function run(options: Options, context: Context): Promise<number> {
  const [output, isWatch] = [options.required("output"), options.isOn("watch")];
  if (isWatch && output === "yaml") {
    throw new UsageError("Cannot use --watch with --output yaml: it takes text, wide or json");
  }
  const writer = writerOf(output, context);
  return await asAdmin(options, async (admin) => {
    const selector = options.text("selector");
    const list = await admin.client.list(selector);
    writer.list(list, isWatch);
    if (isWatch) await watch(admin, list, options, context, writer.change);
    return EXIT.done;
  });
}

/** Ends once the program is told to stop, or nobody reads on. */
async function watch(
  { client, connection, endpoint, runtime }: Admin,
  from: RequestList,
  options: Options,
  context: Context,
  write: (change: RequestChange) => void,
): Promise<void> {
  const stopped = new AbortController();
  const forget = runtime.onStopSignal(() => stopped.abort());
  const signal = AbortSignal.any([stopped.signal, ...context.outputClosed === undefined ? [] : [context.outputClosed]]);
  const selector = options.text("selector");
  try {
    const changes = watchRequests({
      url: endpoint.url,
      ...endpoint.token === undefined ? {} : { token: endpoint.token },
      stream: connection.stream,
      list: () => client.list(selector),
      ...selector === undefined ? {} : { selector },
      sleep: runtime.sleep,
      random: secureRandom,
      log: commandLog(options, context),
      signal,
    }, from);
    for await (const change of changes) write(change);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    forget();
  }
}

/** How a list and what follows it are written. */
interface Writer {
  readonly list: (list: RequestList, isWatch: boolean) => void;
  readonly change: (change: RequestChange) => void;
}

function writerOf(output: string, { stdout, stderr }: Context): Writer {
  const json = (value: unknown): void => stdout(`${printable(JSON.stringify(value))}\n`);
  if (output === "json" || output === "yaml") {
    return {
      list: (list, isWatch) => {
        if (isWatch) list.items.forEach((object) => json({ type: "ADDED", object }));
        else if (output === "json") json(objectOf(list));
        else stdout(toYaml(objectOf(list)));
      },
      change: json,
    };
  }
  const table = new RequestTable(output === "wide");
  return {
    list: ({ items }, isWatch) => {
      if (items.length > 0 || isWatch) stdout(table.lines(items.map(viewOf), new Date()));
      else stderr("No requests found\n");
    },
    change: ({ type, object }) => stdout(table.lines([viewOf(object)], new Date(), type === "DELETED")),
  };
}

function objectOf({ items, resourceVersion }: RequestList): unknown {
  return {
    kind: "CertificateSigningRequestList",
    apiVersion: `${GROUP}/v1`,
    metadata: { resourceVersion },
    items,
  };
}
