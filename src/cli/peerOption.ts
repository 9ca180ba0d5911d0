import { Option } from 'commander';
import type { ServerStatistics } from '../engine/servedClient.ts';
import type { RedirectionServerOptions } from '../engine/server.ts';
import { PEER_NAMES, PEER_PROFILES, type PeerName } from '../urbdrc/peers/profiles.ts';
import type { Terminal } from './terminal.ts';

/** Recognised only by the end of its connection. */
const TOLD_BY_LEAVING = 'ironrdp-before-1711' satisfies PeerName;

export interface PeerOptions {
  readonly peer?: PeerName;
}

export function peerOption(): Option {
  return new Option('--peer <name>', 'take clients for this one, not for what they send').choices(PEER_NAMES);
}

/** Sets the profile of a connection's client, and prints it: one line, more with --verbose. */
export function watchPeer(
  { peer }: PeerOptions,
  remote: string,
  terminal: Terminal,
): Pick<RedirectionServerOptions, 'peer' | 'onPeerRecognised'> {
  const unknown = PEER_PROFILES.find(({ name }) => name === 'generic');
  let isTold = false;
  return {
    ...(peer === undefined ? {} : { peer }),
    onPeerRecognised: ({ name, title, settings }) => {
      if (name === TOLD_BY_LEAVING) {
        terminal.say(`client ${remote} left over the capability exchange, as ${title} does: try --peer ${name}`);
        return;
      }
      const remark = settings === unknown?.settings ? '' : ': its deviations are allowed for';
      const line = `client ${remote} is ${title}${remark}`;
      if (isTold) terminal.detail(line);
      else terminal.say(line, { event: 'peerRecognised', remote, peer: title });
      isTold = true;
    },
  };
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
