import type { SpecRef } from '../core/errors.ts';
import { ChannelDef } from './channelDef.ts';
import { ChannelPdu } from './channelPduHeader.ts';
import { VirtualChannelCapabilitySet } from './virtualChannelCapabilitySet.ts';

/** One structure of static virtual channels, for tables and tests. */
export interface SvcStructure {
  readonly name: string;
  readonly spec: SpecRef;
  readonly from: 'server' | 'client' | 'either';
}

/** All of codecs/svc. */
export const SVC_STRUCTURES: readonly SvcStructure[] = [
  { name: ChannelDef.name, spec: ChannelDef.spec, from: 'client' },
  { name: ChannelPdu.name, spec: ChannelPdu.spec, from: 'either' },
  { name: VirtualChannelCapabilitySet.name, spec: VirtualChannelCapabilitySet.spec, from: 'either' },
];

/** Properties of values that hold bytes, for `fromJson`. */
export const SVC_BYTE_PROPERTIES: ReadonlySet<string> = new Set(['data']);
