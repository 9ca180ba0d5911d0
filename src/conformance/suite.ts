import { formatSpec, type SpecRef } from '../../codecs/core/errors.ts';
import type { ExchangeEntry } from './exchangeLog.ts';
import type { Grading } from './grading.ts';
import { CheckFailure, NotApplicable, PreconditionFailure } from './verdict.ts';

/** One requirement and its test. */
export interface Requirement<Context extends Grading> {
  /** `C07`, `S14`. */
  readonly id: string;
  /** The behaviour that is required, in a few words. */
  readonly title: string;
  readonly sections: readonly SpecRef[];
  readonly severity: 'MUST' | 'SHOULD';
  /**
   * Resolves when the peer meets the requirement.
   * @throws CheckFailure when it does not, NotApplicable when that cannot be judged
   */
  run(context: Context): Promise<void>;
}

/** What came of a test. */
export type Verdict =
  | { readonly outcome: 'pass' }
  /** `reason`: what would be needed. */
  | { readonly outcome: 'notApplicable'; readonly reason: string }
  /** `reason`: what it needs that does not work, and which requirement failed over it. */
  | { readonly outcome: 'notJudged'; readonly reason: string }
  /** `exchange`: the last messages, oldest first. */
  | { readonly outcome: 'fail'; readonly reason: string; readonly exchange: readonly ExchangeEntry[] };

/** A requirement with its verdict. */
export interface Result {
  /** Id of the requirement, such as `C12`. */
  readonly id: string;
  /** The requirement in one line. */
  readonly title: string;
  /** `[MS-RDPEUSB] 3.3.5.3.2` */
  readonly sections: readonly string[];
  /** How much the requirement matters. */
  readonly severity: 'MUST' | 'SHOULD';
  /** What came of it. */
  readonly verdict: Verdict;
  /** Milliseconds. */
  readonly duration: number;
}

/** The results of a run. */
export interface Report {
  /** `client` or `server`: what was graded. */
  readonly graded: 'client' | 'server';
  /** One result a requirement, in order. */
  readonly results: readonly Result[];
}

/** Whether nothing failed. */
export function passed(report: Report): boolean {
  return report.results.every(({ verdict }) => verdict.outcome !== 'fail');
}

/** Messages of the exchange that go with a failure. */
const EXCHANGE_LENGTH = 24;

/**
 * Tests one requirement in a context of its own, and ends that. An unexpected error of a test counts as a failure, so that
 * nobody overlooks it.
 */
export async function grade<Context extends Grading>(
  requirement: Requirement<Context>,
  context: Context,
): Promise<Result> {
  const start = context.clock.now();
  const verdict = await judge(requirement, context);
  await context.end();
  const { id, title, severity } = requirement;
  const sections = requirement.sections.map(formatSpec);
  return { id, title, sections, severity, verdict, duration: context.clock.now() - start };
}

/** Tests all requirements, one after the other. */
export async function gradeAll<Context extends Grading>(
  graded: 'client' | 'server',
  requirements: readonly Requirement<Context>[],
  createContext: () => Context,
  progress: (result: Result) => void = () => {},
): Promise<Report> {
  const results: Result[] = [];
  for (const requirement of requirements) {
    const result = await grade(requirement, createContext());
    results.push(result);
    progress(result);
  }
  return { graded, results };
}

async function judge<Context extends Grading>(requirement: Requirement<Context>, context: Context): Promise<Verdict> {
  try {
    await requirement.run(context);
    return { outcome: 'pass' };
  } catch (error) {
    if (error instanceof NotApplicable) return { outcome: 'notApplicable', reason: error.message };
    if (error instanceof PreconditionFailure) {
      const { precondition, message } = error;
      const reportedBy = context.run.failed(precondition, requirement.id);
      if (reportedBy !== requirement.id) {
        return { outcome: 'notJudged', reason: `needs ${precondition}, see ${reportedBy}: ${message}` };
      }
    }
    const reason = error instanceof CheckFailure ? error.message : `the test itself failed: ${String(error)}`;
    return { outcome: 'fail', reason, exchange: context.log.last(EXCHANGE_LENGTH) };
  }
}
