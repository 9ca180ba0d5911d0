import { ClientGrading, type ClientGradingSettings } from '../../src/conformance/client/clientGrading.ts';
import { CLIENT_REQUIREMENTS } from '../../src/conformance/client/requirements.ts';
import { type Requirement, grade, type Verdict } from '../../src/conformance/suite.ts';
import { textReport } from '../../src/conformance/report.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { UsbDevice } from '../../src/ports/usb.ts';
import { memoryPair } from '../../transports/memory.ts';
import { tamper, type Tampering } from './tamper.ts';
import { TurnClock } from '../turnClock.ts';

/** A client to grade: our own engine, with devices behind it and, for faulty ones, something done to what it says. */
export interface OwnClient extends Partial<Pick<ClientGradingSettings, 'devices' | 'traits'>> {
  /** Called for each connection. */
  readonly redirects: (clock: Clock) => readonly UsbDevice[];
  readonly tampering?: () => Tampering;
  /** Pulls out what `redirects` gave. */
  readonly unplug?: (devices: readonly UsbDevice[]) => void;
}

/** In turns of the event loop: a message takes two there and back, the engine's wait for a release 300. */
const TIMES = { timeout: 400, quiet: 40 };

/** Grades our own client by one requirement. */
export async function gradeOwnClient(id: string, client: OwnClient): Promise<Verdict> {
  const clock = new TurnClock();
  const { redirects, tampering, unplug, ...settings } = client;
  let behind: readonly UsbDevice[] = [];
  const grading = new ClientGrading({
    ...TIMES,
    ...settings,
    clock,
    ...(unplug !== undefined && { unplug: () => unplug(behind) }),
    connect: () => {
      const [inner, outer] = memoryPair();
      const engine = new RedirectionClient(inner, { clock });
      behind = redirects(clock);
      for (const device of behind) engine.attach(device).catch(() => {});
      return Promise.resolve(tampering === undefined ? outer : tamper(outer, 'client', tampering()));
    },
  });
  const result = await grade(requirementOf(id), grading);
  if (process.env['CONFORMANCE_VERBOSE'] !== undefined)
    console.log(textReport({ graded: 'client', results: [result] }));
  return result.verdict;
}

export function requirementOf(id: string): Requirement<ClientGrading> {
  const requirement = CLIENT_REQUIREMENTS.find((each) => each.id === id);
  if (requirement === undefined) throw new Error(`no requirement ${id}`);
  return requirement;
}

/** The verdict in one line. */
export function told(verdict: Verdict): string {
  return verdict.outcome === 'pass' ? 'pass' : `${verdict.outcome}: ${verdict.reason}`;
}
