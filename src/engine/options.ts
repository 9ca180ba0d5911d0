import { asError } from '../../codecs/core/errors.ts';
import {
  DEFAULT_SESSION_LIMITS,
  DEFAULT_SESSION_TIMERS,
  type SessionLimits,
  type SessionTimers,
} from '../urbdrc/session/limits.ts';
import { MessageMemory } from '../channels/reassemblyBudget.ts';
import type { Clock } from '../ports/clock.ts';
import { HeldClock } from './heldClock.ts';
import { log } from './log.ts';
import { systemClock } from '../systemClock.ts';

/** The dynamic channel's name, in capitals on the wire, [MS-RDPEUSB] 2.1. */
export const URBDRC_CHANNEL_NAME = 'URBDRC';

/** One whole message of a dynamic channel, for who records the connection. */
export interface ObservedMessage {
  /** Whether this end received or sent it. */
  readonly direction: 'sent' | 'received';
  /** Id of the dynamic channel. */
  readonly channelId: number;
  /** To be read at once and not to be kept: the bytes go on to their receiver. */
  readonly bytes: Uint8Array;
}

/** A dynamic channel comes or goes, for who records the connection. */
export type ObservedChannel = { readonly direction: 'sent' | 'received'; readonly channelId: number } & (
  | { readonly event: 'create'; readonly name: string }
  /** A negative status refuses. */
  | { readonly event: 'created'; readonly status: number }
  | { readonly event: 'close' }
);

/** Options of a connection, for both ends. Each has a safe default. */
export interface ConnectionOptions {
  /** Time for the timers. Default: the machine's. */
  readonly clock?: Clock;
  /** Where they differ from the defaults. */
  readonly limits?: Partial<SessionLimits & ChannelLimits>;
  /** Where they differ from the defaults. */
  readonly timers?: Partial<SessionTimers>;
  /** For unfinished messages, shared by several connections. Default: 256 MiB that all connections of the process share. */
  readonly messageMemory?: MessageMemory;
  /** Called for each message of the peer that was dropped because it was malformed or out of order. */
  readonly onIgnored?: (error: Error) => void;
  /** Called for each message before it is sent or acted on. */
  readonly onMessage?: (message: ObservedMessage) => void;
  /**
   * Called with what another callback threw, or its promise rejected with. It ends neither the connection nor the process.
   * Default: `DEBUG=urbdrc:ignored` tells.
   */
  readonly onCallbackFailed?: (error: Error) => void;
  /**
   * Called when the connection is cut (`cause`: why, where that is known) and may be resumed within so many milliseconds
   * (docs/resume.md). All timers of the connection stand still until then.
   */
  readonly onInterrupted?: (hold: number, cause: Error | undefined) => void;
  /**
   * Milliseconds after a cut for which the connection is held at most where all devices are HID: what was typed before must
   * not come much later. Default: 3000.
   */
  readonly hidHold?: number;
  /** Called when it was resumed: nothing was lost. */
  readonly onResumed?: () => void;
  /** Called when a channel is asked for, answered for, and closed by one end. */
  readonly onChannel?: (change: ObservedChannel) => void;
}

/** How much a peer may make the channel layers hold. */
export interface ChannelLimits {
  /** Largest message of a dynamic channel, bytes. Default 17 MiB: the largest transfer and its header. */
  readonly maximumMessageSize: number;
  /** Dynamic channels at a time; one is the control channel, each device has one. Default 64. */
  readonly maximumChannels: number;
}

const DEFAULT_CHANNEL_LIMITS: ChannelLimits = {
  maximumMessageSize: DEFAULT_SESSION_LIMITS.maximumTransferSize + 1024 * 1024,
  maximumChannels: 64,
};

const PROCESS_MESSAGE_MEMORY = new MessageMemory(256 * 1024 * 1024);

const DEFAULT_HID_HOLD = 3000;

/** {@link ConnectionOptions} with the defaults filled in. */
export interface ConnectionSettings {
  /** It stands still while the connection is cut. */
  readonly clock: HeldClock;
  readonly limits: SessionLimits & ChannelLimits;
  readonly timers: SessionTimers;
  readonly messageMemory: MessageMemory;
  readonly hidHold: number;
  readonly ignored: (error: Error) => void;
  /** The connection is cut, and its timers stand still. */
  readonly interrupted: (hold: number, cause: Error | undefined) => void;
  readonly resumed: () => void;
  readonly onMessage: ((message: ObservedMessage) => void) | undefined;
  readonly onChannel: ((change: ObservedChannel) => void) | undefined;
  /** Calls a callback of the program, and tells `onCallbackFailed` what it throws. */
  readonly call: <A>(callback: ((argument: A) => unknown) | undefined, argument: A) => void;
}

export function connectionSettings(options: ConnectionOptions): ConnectionSettings {
  const { onMessage, onChannel } = options;
  const failed = (error: unknown) => {
    log.ignored('a callback threw: %s', asError(error).message);
    try {
      options.onCallbackFailed?.(asError(error));
    } catch {
      // Nobody is left to be told.
    }
  };
  const call: ConnectionSettings['call'] = (callback, argument) => {
    try {
      const returned = callback?.(argument);
      if (returned instanceof Promise) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  const clock = new HeldClock(options.clock ?? systemClock);
  return {
    clock,
    limits: { ...DEFAULT_SESSION_LIMITS, ...DEFAULT_CHANNEL_LIMITS, ...options.limits },
    timers: { ...DEFAULT_SESSION_TIMERS, ...options.timers },
    messageMemory: options.messageMemory ?? PROCESS_MESSAGE_MEMORY,
    hidHold: options.hidHold ?? DEFAULT_HID_HOLD,
    ignored: (error) => {
      log.ignored('%s', error.message);
      call(options.onIgnored, error);
    },
    interrupted: (hold, cause) => {
      clock.stop();
      call((time: number) => options.onInterrupted?.(time, cause), hold);
    },
    resumed: () => {
      clock.go();
      call(options.onResumed, undefined);
    },
    onMessage: onMessage && ((message) => call(onMessage, message)),
    onChannel: onChannel && ((change) => call(onChannel, change)),
    call,
  };
}
