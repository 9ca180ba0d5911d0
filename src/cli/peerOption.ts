import { Option } from 'commander';
import type { OverlapStatistics } from '../engine/distance.ts';
import type { ServerStatistics } from '../engine/servedClient.ts';
import type { RedirectionServer, RedirectionServerOptions } from '../engine/server.ts';
import { PEER_NAMES, PEER_PROFILES, type PeerName, type PeerSettings } from '../urbdrc/peers/profiles.ts';
import { oneLine } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** Recognised only by the end of its connection. */
const TOLD_BY_LEAVING = 'ironrdp-before-1711' satisfies PeerName;

export interface PeerOptions {
  readonly peer?: PeerName;
  readonly overlap?: boolean;
}

export function peerOption(): Option {
  return new Option('--peer <name>', 'take clients for this one, not for what they send').choices(PEER_NAMES);
}

export function overlapOption(): Option {
  return new Option('--no-overlap', 'ask distant devices for nothing before their drivers do (docs/latency.md)');
}

/** How far the other end is; undefined before an answer has shown it. */
export function describeRoundTrip(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms away and back`;
}

/** How far the client was and what hid that; undefined where there is nothing to tell. */
export function describeDistance({
  roundTrip,
  commands,
  overlapped,
  fallenBack,
}: OverlapStatistics): string | undefined {
  const away = describeRoundTrip(roundTrip);
  if (away === undefined || commands === 0) return away;
  const reasons = Object.entries(fallenBack).map(([reason, times]) => `${reason} ${times}`);
  const why = reasons.length === 0 ? '' : `; fell back: ${reasons.join(', ')}`;
  return `${away}, ${count(commands, 'SCSI command')}, ${overlapped} overlapped${why}`;
}

/** Sets the profile of a connection's client, and prints it: one line, more with --verbose. */
export function watchPeer(
  { peer, overlap = true }: PeerOptions,
  remote: string,
  terminal: Terminal,
): Pick<RedirectionServerOptions, 'peer' | 'overlap' | 'onPeerRecognised'> {
  let isTold = false;
  return {
    ...(peer === undefined ? {} : { peer }),
    overlap,
    onPeerRecognised: ({ name, title, settings }) => {
      if (name === TOLD_BY_LEAVING) {
        terminal.say(`client ${remote} left over the capability exchange, as ${title} does: try --peer ${name}`);
        return;
      }
      const remark = deviates(settings) ? ': its deviations are allowed for' : '';
      const line = `client ${remote} is ${title}${remark}`;
      if (isTold) terminal.detail(line);
      else terminal.say(line, { event: 'peerRecognised', remote, peer: title });
      isTold = true;
    },
  };
}

/** Says that a client has left, how far away it was, and what went wrong with it. */
export function tellDisconnected(
  { overlap, statistics }: Pick<RedirectionServer, 'overlap' | 'statistics'>,
  remote: string,
  error: Error | undefined,
  terminal: Terminal,
): void {
  const problem = error === undefined ? null : oneLine(error);
  const distance = describeDistance(overlap);
  if (distance !== undefined) terminal.detail(`client ${remote}: ${distance}`);
  const why = problem === null ? '' : `: ${problem}`;
  terminal.say(`client ${remote} disconnected${why}${describeStatistics(statistics)}`, {
    event: 'disconnected',
    remote,
    error: problem,
    roundTrip: overlap.roundTrip ?? null,
    commands: overlap.commands,
    overlapped: overlap.overlapped,
    fallenBack: overlap.fallenBack,
  });
}

const OPENING: keyof PeerSettings = 'openingRelease';

/** Whether more is done for a client than to give it the order in which others have opened channels. */
function deviates(settings: PeerSettings): boolean {
  const unknown = PEER_PROFILES.find(({ name }) => name === 'generic')?.settings;
  return Object.entries(settings).some(
    ([key, value]) => key !== OPENING && !Object.entries(unknown ?? {}).some(([k, v]) => k === key && v === value),
  );
}

/** ` (2 requests unanswered, 1 answer too late)`, or nothing. */
export function describeStatistics({ unansweredRequests, lateCompletions }: ServerStatistics): string {
  const counts: string[] = [];
  if (unansweredRequests > 0) counts.push(`${count(unansweredRequests, 'request')} unanswered`);
  if (lateCompletions > 0) counts.push(`${count(lateCompletions, 'answer')} too late`);
  return counts.length === 0 ? '' : ` (${counts.join(', ')})`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
