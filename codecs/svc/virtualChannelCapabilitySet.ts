import { codec } from '../core/message.ts';
import { struct } from './svcStructs.generated.ts';
import { CHANNEL_CHUNK_LENGTH } from './channelPduHeader.ts';

const SPEC = { document: 'MS-RDPBCGR', section: '2.2.7.1.10' };

/** TS_VIRTUALCHANNEL_CAPABILITYSET, [MS-RDPBCGR] 2.2.7.1.10, in Demand Active and Confirm Active. */
export interface VirtualChannelCapabilitySet {
  /** Bits of {@link VirtualChannelCapability}; 0 keeps the peer from compressing. */
  readonly flags: number;
  /** Bytes; absent where the peer sends the short form. Only the server's value counts: see {@link agreedChunkSize}. */
  readonly vcChunkSize?: number;
}

/** Bits of TS_VIRTUALCHANNEL_CAPABILITYSET.flags. */
export const VirtualChannelCapability = {
  VCCAPS_NO_COMPR: 0x00000000,
  VCCAPS_COMPR_SC: 0x00000001,
  VCCAPS_COMPR_CS_8K: 0x00000002,
} as const;

/** CAPSTYPE_VIRTUALCHANNEL: what capabilitySetType holds. */
export const CAPSTYPE_VIRTUALCHANNEL = 20;

/** The largest VCChunkSize that a server may ask for, bytes. */
export const MAXIMUM_VC_CHUNK_SIZE = 16256;

const Head = struct('TS_VIRTUALCHANNEL_CAPABILITYSET', { capabilitySetType: 'u16', lengthCapability: 'u16' });
const Flags = struct('TS_VIRTUALCHANNEL_CAPABILITYSET', { flags: 'u32' });
const ChunkSize = struct('TS_VIRTUALCHANNEL_CAPABILITYSET', { VCChunkSize: 'u32' });
const SHORT_SIZE = Head.size + Flags.size;
const FULL_SIZE = SHORT_SIZE + ChunkSize.size;

export const VirtualChannelCapabilitySet = codec<VirtualChannelCapabilitySet>({
  name: 'TS_VIRTUALCHANNEL_CAPABILITYSET',
  spec: SPEC,
  decode(reader) {
    const { capabilitySetType, lengthCapability } = Head.decode(reader);
    if (capabilitySetType !== CAPSTYPE_VIRTUALCHANNEL) {
      const problem = `${capabilitySetType} is not ${CAPSTYPE_VIRTUALCHANNEL}`;
      throw reader.error('INVALID_VALUE', 'capabilitySetType', problem, Head.size);
    }
    if (lengthCapability !== SHORT_SIZE && lengthCapability !== FULL_SIZE) {
      const problem = `${lengthCapability} is neither ${SHORT_SIZE} nor ${FULL_SIZE}`;
      throw reader.error('LENGTH_MISMATCH', 'lengthCapability', problem, 2);
    }
    const { flags } = Flags.decode(reader);
    const vcChunkSize = lengthCapability === FULL_SIZE ? ChunkSize.decode(reader).VCChunkSize : undefined;
    reader.end();
    return vcChunkSize === undefined ? { flags } : { flags, vcChunkSize };
  },
  write(out, { flags, vcChunkSize }) {
    const lengthCapability = vcChunkSize === undefined ? SHORT_SIZE : FULL_SIZE;
    Head.write(out, { capabilitySetType: CAPSTYPE_VIRTUALCHANNEL, lengthCapability });
    Flags.write(out, { flags });
    if (vcChunkSize !== undefined) ChunkSize.write(out, { VCChunkSize: vcChunkSize });
  },
});

/**
 * Bytes of data in a chunk, both directions: the server's VCChunkSize where it is in range and the client's set has the
 * field too, else CHANNEL_CHUNK_LENGTH. (Out of range means the default, as FreeRDP takes it.)
 */
export function agreedChunkSize(server: VirtualChannelCapabilitySet, client: VirtualChannelCapabilitySet): number {
  const { vcChunkSize } = server;
  if (vcChunkSize === undefined || client.vcChunkSize === undefined) return CHANNEL_CHUNK_LENGTH;
  return vcChunkSize < CHANNEL_CHUNK_LENGTH || vcChunkSize > MAXIMUM_VC_CHUNK_SIZE ? CHANNEL_CHUNK_LENGTH : vcChunkSize;
}
