import { ClientGrading, type ClientGradingSettings } from './client/clientGrading.ts';
import { CLIENT_REQUIREMENTS } from './client/requirements.ts';
import type { Grading } from './grading.ts';
import { GradingRun } from './gradingRun.ts';
import { SERVER_REQUIREMENTS } from './server/requirements.ts';
import { ServerGrading, type ServerGradingSettings } from './server/serverGrading.ts';
import { grade, type Requirement, type Result } from './suite.ts';

/** One requirement, ready to be tested on a connection of its own. */
export interface ConformanceTest {
  /** `C01` to `C33` for clients, `S01` to `S22` for servers; docs/conformance-requirements.md lists them. */
  readonly id: string;
  /** The requirement in a few words. */
  readonly title: string;
  /** Connects, tests and disconnects. Never rejects: an error during the test is a failure with its reason. */
  run(): Promise<Result>;
}

/** The tests of a client, in the order of their ids: each plays the server. */
export function clientTests(settings: ClientGradingSettings): ConformanceTest[] {
  return testsOf(CLIENT_REQUIREMENTS, (run) => new ClientGrading(settings, run));
}

/** The tests of a server, in the order of their ids: each plays the client. */
export function serverTests(settings: ServerGradingSettings): ConformanceTest[] {
  return testsOf(SERVER_REQUIREMENTS, (run) => new ServerGrading(settings, run));
}

function testsOf<Context extends Grading>(
  requirements: readonly Requirement<Context>[],
  createContext: (run: GradingRun) => Context,
): ConformanceTest[] {
  const run = new GradingRun();
  return requirements.map((requirement) => ({
    id: requirement.id,
    title: requirement.title,
    run: () => grade(requirement, createContext(run)),
  }));
}
