import type { Now } from "./ports.ts";

/** The clock of the machine: the default of every option that is a clock, and the only place that reads it. */
export const systemNow: Now = () => new Date();
