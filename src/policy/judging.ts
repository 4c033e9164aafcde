/**
 * A question while rules look at it: what all of them need is worked out once.
 * @module
 */
import { type SortedNames, sortNames } from "./names.ts";
import type { Captures } from "./pattern.ts";
import type { Question } from "./question.ts";
import { exactRenewalFault, isRenewal, renewedSubjectFault } from "./renewal.ts";
import { Work } from "./work.ts";

/** What rules look at. */
export interface Judging {
  readonly question: Question;
  readonly names: SortedNames;
  /** Why it is no renewal of the same subject, and none of the same names besides; absent where a certificate's key does not ask. */
  readonly renewal: { readonly subject: string | undefined; readonly exact: string | undefined } | undefined;
  /** What may still be done. */
  readonly work: Work;
  /** The same for what can only explain a denial. */
  readonly aside: Work;
  /** What `who` of each rule has captured, by its name. */
  readonly bindings: Map<string, readonly Captures[]>;
}

/** Begins to judge a question. */
export function judgingOf(question: Question): Judging {
  return {
    question,
    names: sortNames(question.names, question.profile.maxNames),
    renewal: isRenewal(question)
      ? { subject: renewedSubjectFault(question), exact: exactRenewalFault(question) }
      : undefined,
    work: new Work(),
    aside: Work.aside(),
    bindings: new Map(),
  };
}
