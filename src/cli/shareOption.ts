import { Option } from 'commander';
import { isRdpUrl } from '../../transports/rdp/rdpUrl.ts';
import type { WelcomingTransport } from '../../transports/sharing.ts';
import type { Hub } from '../hub/hub.ts';
import type { HubEvent } from '../hub/hubDevice.ts';
import { forTime } from '../hub/claimantName.ts';
import { HubError } from '../hub/hubError.ts';
import { SHARE_MODES, type SessionWish, type ShareMode } from '../hub/sessionShare.ts';
import type { ConnectionIdentity } from '../ports/transport.ts';
import type { UsbDeviceIdentity, UsbDeviceSource } from '../ports/usb.ts';
import type { HubSession } from '../hub/sessionTable.ts';
import { idleClock } from '../systemClock.ts';
import type { AccessFile, AccessRights } from './accessFile.ts';
import { eventDevice } from './programEvent.ts';
import { quotedNames } from './questions.ts';
import type { Terminal } from './terminal.ts';
import { formatVidPid } from './text.ts';

/** Options of a listener about who may be connected at the same time. */
export interface ShareOptions {
  readonly share?: ShareMode;
  readonly rdpClients?: SessionWish;
  /** Of --access. */
  readonly access?: AccessFile | undefined;
}

/** `--share` and `--rdp-clients`. */
export function shareOptions(): readonly Option[] {
  return [
    new Option('--share <mode>', 'who may be connected at the same time, as in libvirt (docs/sharing.md)')
      .choices(SHARE_MODES)
      .default('allow-exclusive'),
    new Option('--rdp-clients <wish>', 'what RDP clients, which cannot say it, want')
      .choices(['shared', 'exclusive'])
      .default('shared'),
  ];
}

/** `--exclusive`, of the end that dials. */
export function exclusiveOption(): Option {
  return new Option('--exclusive', 'be the only one at the server: it ends the others, where its --share lets it');
}

/** `--shared`, of the end that has the devices. */
export function sharedOption(): Option {
  return new Option(
    '--shared',
    'with --listen: several servers may be connected; each device is with one of them at a time (urbdrc sessions take)',
  );
}

/** The devices of a client. */
type ClientDevices = Required<Pick<UsbDeviceSource, 'connection' | 'closed'>> & Pick<UsbDeviceSource, 'close'>;

/**
 * Lets a client in, once it has shown what it wants; undefined: it was refused, and told why.
 * @param isOpen whether it still counts as being there
 */
export async function letIn(
  hub: Hub,
  server: ClientDevices,
  isOpen: () => boolean,
  transport: WelcomingTransport,
  terminal: Terminal,
  { share = 'allow-exclusive', rdpClients = 'shared', access }: ShareOptions,
): Promise<HubSession | undefined> {
  const isRdp = isRdpUrl(transport.remote);
  // RDP has no frame for it.
  const farewell = (kind: 'refused' | 'ended', reason: string) => {
    if (!isRdp) transport.farewell(kind, reason);
  };
  try {
    const wish = isRdp ? rdpClients : await transport.wish;
    const rights = access?.rightsOf(server.connection);
    const problem = access === undefined ? undefined : missingRight(rights, server.connection, wish);
    if (problem !== undefined) {
      const who = rights?.who ?? server.connection.address;
      terminal.warn(`${who} is not let in: ${problem}`, { event: 'sessionRefused', who, reason: problem });
      throw new HubError('SESSION_NOT_ALLOWED', problem);
    }
    const { session: name, mayOffer } = rights ?? {};
    return await hub.openSession({
      ...{ identity: server.connection, share, wish },
      ...(name !== undefined && { name }),
      ...(mayOffer !== undefined && { mayOffer }),
      ...{ closed: server.closed, isOpen },
      close: async ({ reason }) => {
        farewell('ended', reason);
        await server.close();
      },
    });
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    farewell(error.code === 'SESSION_TAKEN_OVER' ? 'ended' : 'refused', error.message);
    await server.close();
    return undefined;
  }
}

/** Why somebody is not let in by --access; undefined: nothing stands against it. */
function missingRight(
  rights: AccessRights | undefined,
  { address }: ConnectionIdentity,
  wish: SessionWish,
): string | undefined {
  if (rights === undefined) return `nobody may connect from ${address} without a token of this server`;
  const mayNot = wish === 'exclusive' && !rights.mayBeAlone;
  return mayNot ? `${rights.who} may share only: connect without asking for it alone` : undefined;
}

/** Milliseconds. */
const SWEEP_INTERVAL = 10_000;

/** Tells every ten seconds of what has no owner. Returns what stops it. */
export function startSweep(hub: Hub, terminal: Terminal): () => void {
  let stop: () => void = () => {};
  const sweep = () => {
    for (const line of hub.sweep()) terminal.warn(line);
    stop = idleClock.after(SWEEP_INTERVAL, sweep);
  };
  sweep();
  return () => stop();
}

/** Asks whether the holder of a device gives it to somebody else; `reason` has both, and since when. */
export function handOverQuestion(identity: UsbDeviceIdentity, reason: string): string {
  return `hand ${formatVidPid(identity)} at port ${identity.portPath}${quotedNames(identity)} over? It is ${reason}`;
}

/** The lines about who shares what; true: the event was one of these. */
export function tellSharing(event: HubEvent, terminal: Terminal): boolean {
  switch (event.type) {
    case 'sessionRefused': {
      const { who, reason } = event;
      terminal.warn(`${who} is not let in: ${reason}`, { event: 'sessionRefused', who, reason });
      return true;
    }
    case 'sessionEnding': {
      const { who, id } = event.session;
      const { reason } = event.end;
      terminal.say(`session ${id} of ${who} ends: ${reason}`, { event: 'sessionEnding', session: id, who, reason });
      return true;
    }
    case 'deviceClaimed':
    case 'deviceRefused':
    case 'deviceTaken': {
      const { identity } = event.entry.device;
      terminal.say(`${formatVidPid(identity)} ${claimLine(event)}`, { event: event.type, ...eventDevice(identity) });
      return true;
    }
    default:
      return false;
  }
}

/** For who had a device and has it no more, at the other end: by whom, and since when. */
export function lostLine({ entry, to, since }: Extract<HubEvent, { type: 'deviceTaken' }>, now: number): string {
  return `${formatVidPid(entry.device.identity)} was taken by ${to}; you had it for ${forTime(now - since)}`;
}

/** What the other end has to say to people. */
export function tellNotice(remote: string, text: string, terminal: Terminal): void {
  terminal.say(`${remote} says: ${text}`, { event: 'notice', remote, notice: text });
}

function claimLine(event: Extract<HubEvent, { type: 'deviceClaimed' | 'deviceRefused' | 'deviceTaken' }>): string {
  switch (event.type) {
    case 'deviceClaimed': {
      const { claimant, holder, how } = event;
      const next = {
        asked: `${holder} is asked`,
        queued: `${holder} has it`,
        noticed: `${holder} loses it in a moment`,
      };
      return `is wanted by ${claimant}: ${next[how]}`;
    }
    case 'deviceRefused': {
      const { claimant, holder, reason } = event;
      return `is refused to ${claimant}${holder === undefined ? '' : `, ${holder} has it`}: ${reason}`;
    }
    case 'deviceTaken':
      return `was taken from ${event.from} by ${event.to}${event.isForced ? ', by force' : ''}`;
  }
}
