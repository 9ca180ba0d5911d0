import { UsageError, type SpecRef } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';
import { type CapabilitySet, readCapabilitySets, writeCapabilitySets } from './capabilitySet.ts';

/** TS_SHARECONTROLHEADER and the share's id, which all of them have, [MS-RDPBCGR] 2.2.8.1.1.1.1. */
interface Shared {
  /** The MCS user who sends it. */
  readonly pduSource: number;
  readonly shareId: number;
}

/** [MS-RDPBCGR] 2.2.1.13.1.1 */
export interface DemandActive extends Shared {
  readonly name: 'TS_DEMAND_ACTIVE_PDU';
  readonly sourceDescriptor: Uint8Array;
  readonly capabilitySets: readonly CapabilitySet[];
  readonly sessionId: number;
}

/** [MS-RDPBCGR] 2.2.1.13.2.1 */
export interface ConfirmActive extends Shared {
  readonly name: 'TS_CONFIRM_ACTIVE_PDU';
  readonly originatorId: number;
  readonly sourceDescriptor: Uint8Array;
  readonly capabilitySets: readonly CapabilitySet[];
}

/** [MS-RDPBCGR] 2.2.3.1.1 */
export interface DeactivateAll extends Shared {
  readonly name: 'TS_DEACTIVATE_ALL_PDU';
  readonly sourceDescriptor: Uint8Array;
}

/** [MS-RDPBCGR] 2.2.8.1.1.1.2 */
export interface DataPdu extends Shared {
  readonly name: 'TS_DATA_PDU';
  /** Priority: 0 undefined, 1 low, 2 medium, 4 high. */
  readonly streamId: number;
  readonly pduType2: number;
  /** 0 unless the data is compressed. */
  readonly compressedType: number;
  readonly data: Uint8Array;
}

/** A PDU with a TS_SHARECONTROLHEADER. */
export type ShareControlPdu = DemandActive | ConfirmActive | DeactivateAll | DataPdu;

export type ShareControlPduName = ShareControlPdu['name'];

/** pduType without its version; section of [MS-RDPBCGR]. */
const PDUS: Readonly<Record<ShareControlPduName, { readonly type: number; readonly section: string }>> = {
  TS_DEMAND_ACTIVE_PDU: { type: 1, section: '2.2.1.13.1.1' },
  TS_CONFIRM_ACTIVE_PDU: { type: 3, section: '2.2.1.13.2.1' },
  TS_DEACTIVATE_ALL_PDU: { type: 6, section: '2.2.3.1.1' },
  TS_DATA_PDU: { type: 7, section: '2.2.8.1.1.1.2' },
};

export const SHARE_CONTROL_PDU_NAMES: readonly ShareControlPduName[] = [
  'TS_DEMAND_ACTIVE_PDU',
  'TS_CONFIRM_ACTIVE_PDU',
  'TS_DEACTIVATE_ALL_PDU',
  'TS_DATA_PDU',
];

/** Where a PDU is specified. */
export function shareControlPduSpec(name: ShareControlPduName): SpecRef {
  return { document: 'MS-RDPBCGR', section: PDUS[name].section };
}

/** STREAM_LOW of streamId. */
export const STREAM_LOW = 1;

const TYPE_MASK = 0x000f;
/** Of pduType: TS_PROTOCOL_VERSION. */
export const PROTOCOL_VERSION = 0x0010;
const VERSION_MASK = 0xfff0;

/** Bytes before pduType2 of a TS_DATA_PDU. */
const PDU_TYPE2_OFFSET = 14;

/** pduType2 of a TS_DATA_PDU; undefined for other PDUs. It looks at nothing else. */
export function dataPduType(pdu: Uint8Array): number | undefined {
  return ((pdu[2] ?? 0) & TYPE_MASK) === PDUS.TS_DATA_PDU.type ? pdu[PDU_TYPE2_OFFSET] : undefined;
}

const Control = struct('TS_SHARECONTROLHEADER', { totalLength: 'u16', pduType: 'u16', pduSource: 'u16' });
/** TS_SHARECONTROLHEADER. */
export const ShareControlHeader = Control;
const ShareId = struct('TS_SHARECONTROLHEADER', { shareId: 'u32' });
const Originator = struct('TS_CONFIRM_ACTIVE_PDU', { originatorId: 'u16' });
const Lengths = struct('TS_CAPABILITIES', { lengthSourceDescriptor: 'u16', lengthCombinedCapabilities: 'u16' });
const Capabilities = struct('TS_CAPABILITIES', { numberCapabilities: 'u16', pad2Octets: 'u16' });
const Session = struct('TS_DEMAND_ACTIVE_PDU', { sessionId: 'u32' });
const DescriptorLength = struct('TS_DEACTIVATE_ALL_PDU', { lengthSourceDescriptor: 'u16' });
const Data = struct('TS_SHAREDATAHEADER', {
  pad1: 'u8',
  streamId: 'u8',
  uncompressedLength: 'u16',
  pduType2: 'u8',
  compressedType: 'u8',
  compressedLength: 'u16',
});
/** Bytes that uncompressedLength counts beside the data: from pduType2 on. */
const COUNTED_HEADER = 4;

export const ShareControlPdu = codec<ShareControlPdu>({
  name: 'TS_SHARECONTROLHEADER',
  spec: { document: 'MS-RDPBCGR', section: '2.2.8.1.1.1.1' },
  decode(reader) {
    const { totalLength, pduType, pduSource } = Control.decode(reader);
    if (totalLength < Control.size) {
      throw reader.error('LENGTH_MISMATCH', 'totalLength', `${totalLength} is less than the header`, Control.size);
    }
    if ((pduType & VERSION_MASK) !== PROTOCOL_VERSION) {
      throw reader.error('INVALID_VALUE', 'pduType', `0x${pduType.toString(16)} is of another version`, 4);
    }
    const name = SHARE_CONTROL_PDU_NAMES.find((each) => PDUS[each].type === (pduType & TYPE_MASK));
    if (name === undefined) {
      throw reader.error('UNKNOWN_MESSAGE', 'pduType', `there is no PDU 0x${pduType.toString(16)}`, 4);
    }
    reader.rename(name, shareControlPduSpec(name));
    const body = reader.sub(totalLength - Control.size, 'body');
    const value = readBody(body, name, pduSource);
    body.end();
    reader.end();
    return value;
  },
  write(out, value) {
    const start = out.position;
    Control.write(out, {
      totalLength: 0,
      pduType: PDUS[value.name].type | PROTOCOL_VERSION,
      pduSource: value.pduSource,
    });
    writeBody(out, value);
    const totalLength = out.position - start;
    if (totalLength > 0x7fff) throw new UsageError(`${value.name} of ${totalLength} bytes is too long`);
    Control.patch(out, start, 'totalLength', totalLength);
  },
});

function readBody(reader: Reader, name: ShareControlPduName, pduSource: number): ShareControlPdu {
  // What xrdp sends is the header alone.
  if (name === 'TS_DEACTIVATE_ALL_PDU' && reader.lenient && reader.remaining === 0)
    return { name, pduSource, shareId: 0, sourceDescriptor: new Uint8Array(0) };
  const { shareId } = ShareId.decode(reader);
  switch (name) {
    case 'TS_DEMAND_ACTIVE_PDU': {
      const capabilities = readCapabilities(reader);
      return { name, pduSource, shareId, ...capabilities, sessionId: Session.decode(reader).sessionId };
    }
    case 'TS_CONFIRM_ACTIVE_PDU': {
      const { originatorId } = Originator.decode(reader);
      return { name, pduSource, shareId, originatorId, ...readCapabilities(reader) };
    }
    case 'TS_DEACTIVATE_ALL_PDU': {
      // Some servers end here.
      if (reader.lenient && reader.remaining === 0)
        return { name, pduSource, shareId, sourceDescriptor: new Uint8Array(0) };
      const { lengthSourceDescriptor } = DescriptorLength.decode(reader);
      return { name, pduSource, shareId, sourceDescriptor: reader.take(lengthSourceDescriptor, 'sourceDescriptor') };
    }
    case 'TS_DATA_PDU': {
      // The two lengths are not compared with the data: Windows and FreeRDP count differently.
      const { streamId, pduType2, compressedType } = Data.decode(reader);
      return { name, pduSource, shareId, streamId, pduType2, compressedType, data: reader.rest() };
    }
  }
}

function writeBody(out: Writer, value: ShareControlPdu): void {
  ShareId.write(out, { shareId: value.shareId });
  switch (value.name) {
    case 'TS_DEMAND_ACTIVE_PDU':
      writeCapabilities(out, value);
      Session.write(out, { sessionId: value.sessionId });
      return;
    case 'TS_CONFIRM_ACTIVE_PDU':
      Originator.write(out, { originatorId: value.originatorId });
      writeCapabilities(out, value);
      return;
    case 'TS_DEACTIVATE_ALL_PDU':
      DescriptorLength.write(out, { lengthSourceDescriptor: value.sourceDescriptor.byteLength });
      out.append(value.sourceDescriptor);
      return;
    case 'TS_DATA_PDU': {
      const { streamId, pduType2, compressedType, data } = value;
      const uncompressedLength = COUNTED_HEADER + data.byteLength;
      Data.write(out, { pad1: 0, streamId, uncompressedLength, pduType2, compressedType, compressedLength: 0 });
      out.append(data);
      return;
    }
  }
}

function readCapabilities(reader: Reader) {
  const { lengthSourceDescriptor, lengthCombinedCapabilities } = Lengths.decode(reader);
  const sourceDescriptor = reader.take(lengthSourceDescriptor, 'sourceDescriptor');
  const combined = reader.sub(lengthCombinedCapabilities, 'combinedCapabilities');
  const { numberCapabilities } = Capabilities.decode(combined);
  const sets = readCapabilitySets(combined, numberCapabilities);
  combined.end();
  return { sourceDescriptor, capabilitySets: sets };
}

function writeCapabilities(
  out: Writer,
  value: { readonly sourceDescriptor: Uint8Array; readonly capabilitySets: readonly CapabilitySet[] },
): void {
  const { sourceDescriptor } = value;
  const start = out.position;
  Lengths.write(out, { lengthSourceDescriptor: sourceDescriptor.byteLength, lengthCombinedCapabilities: 0 });
  out.append(sourceDescriptor);
  const combined = out.position;
  Capabilities.write(out, { numberCapabilities: value.capabilitySets.length, pad2Octets: 0 });
  writeCapabilitySets(out, value.capabilitySets);
  Lengths.patch(out, start, 'lengthCombinedCapabilities', out.position - combined);
}
