import { COMMAND_BLOCK_WRAPPER_SIZE } from '../../codecs/usb/bulkOnlyTransport.ts';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import type { PeerEvidence } from '../urbdrc/peers/evidence.ts';
import { RecognisedPeer } from '../urbdrc/peers/recognisedPeer.ts';
import type { PeerName, PeerProfile } from '../urbdrc/peers/profiles.ts';
import type { SessionTimers } from '../urbdrc/session/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbOperation } from '../ports/usb.ts';
import { Distance } from './distance.ts';

/** Bytes a millisecond: a connection that is slower still is taken for one that has stopped. */
const SLOWEST_CONNECTION = 64;

/** How often a client was not as it should be. */
export interface ServerStatistics {
  /** Answers to requests that had been given up: dropped. */
  readonly lateCompletions: number;
  /** Requests that were given up because no answer came. */
  readonly unansweredRequests: number;
}

/** The program at the other end of a server's connection: which one it is, how busy it is, how it does. */
export class ServedClient {
  readonly peer: RecognisedPeer;
  readonly distance = new Distance();
  readonly #clock: Clock;
  readonly #timers: SessionTimers;
  readonly #recognised: (profile: PeerProfile) => void;
  #channelRequest: number | undefined;
  /** Unanswered requests of all its devices: the number of those that are no transfers, and the bytes of transfers. */
  #controls = 0;
  #bytes = 0;
  #lateCompletions = 0;
  #unansweredRequests = 0;

  constructor(
    name: PeerName | undefined,
    clock: Clock,
    timers: SessionTimers,
    recognised: (profile: PeerProfile) => void,
  ) {
    this.peer = new RecognisedPeer(name);
    this.#clock = clock;
    this.#timers = timers;
    this.#recognised = recognised;
  }

  get statistics(): ServerStatistics {
    return { lateCompletions: this.#lateCompletions, unansweredRequests: this.#unansweredRequests };
  }

  /** It sent ADD_VIRTUAL_CHANNEL. */
  channelRequested(messageId: number): void {
    this.#channelRequest ??= messageId;
  }

  /** It sent ADD_DEVICE. */
  announced(device: AddDevice): void {
    this.shown({ type: 'announced', device, channelRequest: this.#channelRequest });
  }

  /** The connection ended while a device channel waited for the answer to the capability exchange. */
  leftInExchange(): void {
    this.shown({ type: 'leftInExchange', channelRequest: this.#channelRequest });
  }

  shown(evidence: PeerEvidence): void {
    const profile = this.peer.learn(evidence);
    if (profile !== undefined) this.#recognised(profile);
  }

  answeredLate(): void {
    this.#lateCompletions += 1;
  }

  /** Nothing came for a request. */
  unanswered(): void {
    this.#unansweredRequests += 1;
  }

  /**
   * A request is sent. Each call is followed by one of {@link ended}. Returns when the request is given up; undefined for
   * what may rightly take for ever.
   */
  began(operation: UsbOperation, bytes: number): number | undefined {
    if (isTransfer(operation)) {
      const watchdog = this.#timers.transferWatchdog ?? this.peer.settings.transferWatchdog;
      this.#bytes += bytes;
      return watchdog === undefined ? undefined : this.#clock.now() + watchdog + this.#timeOnTheWay();
    }
    const ahead = this.#controls;
    this.#bytes += bytes;
    this.#controls += 1;
    return this.#controlDeadline(operation, ahead);
  }

  ended(operation: UsbOperation, bytes: number): void {
    this.#bytes -= bytes;
    if (!isTransfer(operation)) this.#controls -= 1;
  }

  /** A request that was sent at `since` was answered. */
  answered(operation: UsbOperation, since: number): void {
    // Devices take SCSI commands at once; other writes may wait for a slow line.
    const isCommand = operation.type === 'transferOut' && operation.data.byteLength === COMMAND_BLOCK_WRAPPER_SIZE;
    if (operation.type === 'control' || isCommand) this.distance.answered(this.#clock.now() - since);
  }

  /** @param controls - those ahead */
  #controlDeadline(operation: UsbOperation, controls: number): number | undefined {
    const { settings } = this.peer;
    const ownTimeout = operation.type === 'control' ? operation.timeout : 0;
    const isUnlimited = operation.type === 'control' && ownTimeout === 0 && !settings.controlsBounded;
    if (isUnlimited && this.#timers.controlWatchdog === undefined) return undefined;
    const watchdog = this.#timers.controlWatchdog ?? settings.controlWatchdog;
    const ahead = settings.controlsOneByOne ? controls * watchdog + this.#timeOnTheWay() : 0;
    return this.#clock.now() + ownTimeout + watchdog + ahead;
  }

  /** Milliseconds that all that is on the way may take. */
  #timeOnTheWay(): number {
    return Math.ceil(this.#bytes / SLOWEST_CONNECTION);
  }
}

/** Of a bulk, interrupt or isochronous endpoint: a device may take for ever. All else it does at once or never. */
function isTransfer({ type }: UsbOperation): boolean {
  return type === 'transferIn' || type === 'transferOut' || type === 'isochronousIn' || type === 'isochronousOut';
}
