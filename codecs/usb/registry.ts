import type { Codec } from '../core/message.ts';
import { USB_DESCRIPTORS } from './descriptors.ts';
import { SetupPacket } from './setupPacket.ts';

/** Every structure of USB that has a codec: for `urbdrc decode`, the table in the docs, and the tests. */
export const USB_CODECS: readonly Codec<unknown>[] = [SetupPacket, ...Object.values(USB_DESCRIPTORS)];

/** Properties of their values that hold bytes (hex strings in JSON). */
export const USB_BYTE_PROPERTIES: ReadonlySet<string> = new Set([
  'additionalBytes',
  'capabilityData',
  'containerID',
  'data',
  'platformCapabilityUUID',
]);
