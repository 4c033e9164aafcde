import { text } from "./answer.ts";

/** One thing that must be well. */
export interface HealthCheck {
  readonly name: string;
  /** What is wrong, if anything is. */
  readonly fault: string | undefined;
}

/**
 * The answer of a health endpoint, in kube-apiserver's form.
 *
 * @param endpoint `readyz`, `livez` or `healthz`
 * @param isVerbose each check is listed; where one fails they are in any case
 */
export function healthAnswer(endpoint: string, checks: readonly HealthCheck[], isVerbose: boolean): Response {
  const isWell = checks.every(({ fault }) => fault === undefined);
  if (isWell && !isVerbose) return text("ok", 200);
  const lines = checks.map(({ name, fault }) => fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`);
  const end = `${endpoint} check ${isWell ? "passed" : "failed"}`;
  return text([...lines, end, ""].join("\n"), isWell ? 200 : 503);
}
