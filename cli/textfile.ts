import { toUtf8 } from "../src/bytes.ts";
import { messageOf } from "../src/errors.ts";
import type { Files, Log } from "../src/ports.ts";
import { quoted } from "../src/text.ts";
import type { AgentMetrics } from "./agent_metrics.ts";
import { UsageError } from "./exit.ts";

const MODE = 0o644;

/**
 * Writes metrics for the textfile collector of Prometheus' node exporter, which reads every `*.prom` of a directory at any
 * moment: so it is replaced whole, and may be read by everybody.
 *
 * @throws UsageError for a name that the collector does not read; CertgenError `io`
 */
export async function writeTextfile(files: Files, path: string, text: string): Promise<void> {
  checkName(path);
  await files.replace(path, toUtf8(text), MODE);
}

/**
 * Writes the metrics as they are each time it is called; calls while it writes are one more write after it. It never rejects:
 * a failure is logged, once until a write succeeds.
 *
 * @throws UsageError for a name that the collector does not read
 */
export function textfileWriter(
  files: Files,
  path: string,
  metrics: Pick<AgentMetrics, "text">,
  log: Log,
): () => Promise<void> {
  checkName(path);
  let isFailing = false;
  const write = async (): Promise<void> => {
    try {
      await writeTextfile(files, path, await metrics.text());
      isFailing = false;
    } catch (error) {
      if (!isFailing) log("error", "the metrics cannot be written", { file: path, because: messageOf(error) });
      isFailing = true;
    }
  };
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => current = write().finally(() => current = undefined);
  return () => {
    if (current === undefined) return begin();
    return next ??= current.then(() => {
      next = undefined;
      return begin();
    });
  };
}

function checkName(path: string): void {
  if (/[^/]\.prom$/.test(path)) return;
  throw new UsageError(
    `Cannot write metrics to ${quoted(path)}: the node exporter reads files alone whose names end with .prom`,
  );
}
