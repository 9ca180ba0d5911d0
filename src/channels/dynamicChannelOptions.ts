import { UsageError, type DecodeError, type ProtocolError } from '../../codecs/core/errors.ts';
import type { MessageMemory } from './reassemblyBudget.ts';

/** How much a peer may make us hold. */
export interface DynamicChannelLimits {
  /** Largest message that is accepted, bytes. Default 17 MiB: a transfer of 16 MiB and what stands before it. */
  readonly maximumMessageSize: number;
  /** Memory that the unfinished messages of all channels may take together, bytes. Default 32 MiB. */
  readonly maximumReassemblyBytes: number;
  /** Channels that may be open or being created at a time. Default 64. */
  readonly maximumChannels: number;
  /** Longest channel name, characters. Default 256. */
  readonly maximumNameLength: number;
  /** Server: creates that may wait for their answer at a time. Default 16. */
  readonly maximumPendingCreates: number;
}

export const DEFAULT_DYNAMIC_CHANNEL_LIMITS: DynamicChannelLimits = {
  maximumMessageSize: 17 * 1024 * 1024,
  maximumReassemblyBytes: 32 * 1024 * 1024,
  maximumChannels: 64,
  maximumNameLength: 256,
  maximumPendingCreates: 16,
};

/** Highest version of [MS-RDPEDYC] that this library speaks: 3, because it decompresses. It never compresses. */
export const HIGHEST_VERSION = 3;

/**
 * Bytes of the largest PDU between two ends of this project that agreed on it. With larger ones more of them would cross two reads of a socket, and be
 * copied once more.
 */
export const LARGE_PDU_SIZE = 16 * 1024;

export interface DynamicChannelOptions {
  /**
   * Whether PDUs of up to {@link LARGE_PDU_SIZE} are sent to a peer that takes them. All ends of this project take them.
   * Default: false, at most 1600 bytes, [MS-RDPEDYC] 2.2.3.1.
   */
  readonly largePdus?: boolean;
  /** Highest version to agree on, 1 to 3. Below 3 the peer may not compress. Default 3. */
  readonly version?: number;
  readonly limits?: Partial<DynamicChannelLimits>;
  /** For unfinished messages, shared with other connections. Default: shared with none. */
  readonly messageMemory?: MessageMemory | undefined;
}

/** What happened on the dynamic channels. */
export type DynamicChannelEvent =
  /** Capabilities are agreed: a server may create channels now. */
  | { readonly type: 'ready'; readonly version: number }
  | { readonly type: 'opened'; readonly channelId: number; readonly channelName: string }
  /** Server: the client refused. Client: we refused. `creationStatus` is negative. */
  | {
      readonly type: 'refused';
      readonly channelId: number;
      readonly channelName: string;
      readonly creationStatus: number;
    }
  /** A whole message; its bytes belong to the receiver. It can be empty. */
  | { readonly type: 'message'; readonly channelId: number; readonly payload: Uint8Array }
  | { readonly type: 'closed'; readonly channelId: number; readonly by: 'peer' | 'us' }
  /** The peer broke the rules on this channel alone: it is closed, others go on. */
  | {
      readonly type: 'closed';
      readonly channelId: number;
      readonly by: 'fault';
      readonly error: DecodeError | ProtocolError;
    }
  /** A PDU for which there is no use, such as data that was under way when its channel closed. */
  | { readonly type: 'ignored'; readonly error: ProtocolError }
  /** All channels are gone, and the static channel must be dropped: nothing that comes now is read any more. */
  | { readonly type: 'failed'; readonly error: DecodeError | ProtocolError };

/** Limits with the defaults filled in. @throws UsageError */
export function completeLimits(limits: Partial<DynamicChannelLimits> = {}): DynamicChannelLimits {
  const complete = { ...DEFAULT_DYNAMIC_CHANNEL_LIMITS, ...limits };
  for (const [name, value] of Object.entries(complete)) {
    if (!Number.isInteger(value) || value < 1) throw new UsageError(`${name}: ${value} is not a positive integer`);
  }
  return complete;
}

/** @throws UsageError */
export function checkVersion(version = HIGHEST_VERSION): number {
  if (!Number.isInteger(version) || version < 1 || version > HIGHEST_VERSION) {
    throw new UsageError(`version: ${version} is not 1 to ${HIGHEST_VERSION}`);
  }
  return version;
}
