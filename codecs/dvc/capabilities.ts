import { UsageError } from '../core/errors.ts';
import { codec, type Codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './dvcStructs.generated.ts';
import { checkCommand, DvcCommand, headerByte } from './header.ts';

/**
 * Bandwidth shares of the four priority classes: class i gets Base / charge i, where Base = 1 / (sum of 1 / charge j).
 * 0 means: class i is sent at once, outside the formula.
 */
export interface PriorityCharges {
  readonly priorityCharge0: number;
  readonly priorityCharge1: number;
  readonly priorityCharge2: number;
  readonly priorityCharge3: number;
}

/**
 * Pad of an end of this project that would like to send PDUs above 1600 bytes. The specification gives the byte no meaning,
 * and peers leave noise in it: it is written, and believed, only where there can be no other peer.
 */
const LARGE_PDUS = 0xb6;

/** What the capabilities of both ends have. */
interface PduCapability {
  /** Whether Pad is 0xb6, as ends of this project have it that would like to send PDUs above 1600 bytes. Left out where not. */
  readonly largePdus?: true;
}

/** DYNVC_CAPS_VERSION1, [MS-RDPEDYC] 2.2.1.1.1 (server to client): channels without priorities. */
export interface DynvcCapsVersion1 extends PduCapability {
  readonly name: 'DYNVC_CAPS_VERSION1';
}

/** DYNVC_CAPS_VERSION2, [MS-RDPEDYC] 2.2.1.1.2 (server to client): channels with priorities. */
export interface DynvcCapsVersion2 extends PriorityCharges, PduCapability {
  readonly name: 'DYNVC_CAPS_VERSION2';
}

/** DYNVC_CAPS_VERSION3, [MS-RDPEDYC] 2.2.1.1.3 (server to client): data may also be compressed. */
export interface DynvcCapsVersion3 extends PriorityCharges, PduCapability {
  readonly name: 'DYNVC_CAPS_VERSION3';
  /** 3, or what a later specification may define: a client answers that with the highest version it knows. */
  readonly version: number;
}

/** DYNVC_CAPS_RSP, [MS-RDPEDYC] 2.2.1.2 (client to server). */
export interface DynvcCapsRsp extends PduCapability {
  readonly name: 'DYNVC_CAPS_RSP';
  /** The highest version that the client supports. */
  readonly version: number;
}

const Head = struct('DYNVC_CAPS', { Header: 'u8', Pad: 'u8', Version: 'u16' });
const Charges = struct('DYNVC_CAPS', {
  PriorityCharge0: 'u16',
  PriorityCharge1: 'u16',
  PriorityCharge2: 'u16',
  PriorityCharge3: 'u16',
});

export const DynvcCapsVersion1 = codec<DynvcCapsVersion1>({
  name: 'DYNVC_CAPS_VERSION1',
  spec: { document: 'MS-RDPEDYC', section: '2.2.1.1.1' },
  decode(reader) {
    const { pdus } = decodeHead(reader, 1, 1);
    reader.end();
    return { name: 'DYNVC_CAPS_VERSION1', ...pdus };
  },
  write: (out, { largePdus }) => writeHead(out, 1, largePdus),
});

export const DynvcCapsVersion2 = codec<DynvcCapsVersion2>({
  name: 'DYNVC_CAPS_VERSION2',
  spec: { document: 'MS-RDPEDYC', section: '2.2.1.1.2' },
  decode(reader) {
    const { pdus } = decodeHead(reader, 2, 2);
    const charges = decodeCharges(reader);
    reader.end();
    return { name: 'DYNVC_CAPS_VERSION2', ...charges, ...pdus };
  },
  write(out, value) {
    writeHead(out, 2, value.largePdus);
    writeCharges(out, value);
  },
});

export const DynvcCapsVersion3 = codec<DynvcCapsVersion3>({
  name: 'DYNVC_CAPS_VERSION3',
  spec: { document: 'MS-RDPEDYC', section: '2.2.1.1.3' },
  decode(reader) {
    const { version, pdus } = decodeHead(reader, 3, 0xffff);
    const charges = decodeCharges(reader);
    reader.end();
    return { name: 'DYNVC_CAPS_VERSION3', version, ...charges, ...pdus };
  },
  write(out, value) {
    if (value.version < 3) throw new UsageError(`DYNVC_CAPS_VERSION3.Version: ${value.version} is less than 3`);
    writeHead(out, value.version, value.largePdus);
    writeCharges(out, value);
  },
});

export const DynvcCapsRsp = codec<DynvcCapsRsp>({
  name: 'DYNVC_CAPS_RSP',
  spec: { document: 'MS-RDPEDYC', section: '2.2.1.2' },
  decode(reader) {
    const { version, pdus } = decodeHead(reader, 0, 0xffff);
    reader.end();
    return { name: 'DYNVC_CAPS_RSP', version, ...pdus };
  },
  write: (out, { version, largePdus }) => writeHead(out, version, largePdus),
});

/** The codec for a server's capabilities PDU, by its Version. @throws DecodeError for version 0. */
export function capabilitiesCodecOf(
  reader: Reader,
): Codec<DynvcCapsVersion1> | Codec<DynvcCapsVersion2> | Codec<DynvcCapsVersion3> {
  // Where the version is cut off, the smallest codec says so.
  const version = reader.remaining < Head.size ? 1 : reader.peekU32('Version') >>> 16;
  switch (version) {
    case 0:
      throw reader.error('INVALID_VALUE', 'Version', '0 is no version', -2);
    case 1:
      return DynvcCapsVersion1;
    case 2:
      return DynvcCapsVersion2;
    default:
      return DynvcCapsVersion3;
  }
}

function decodeHead(reader: Reader, lowest: number, highest: number): { version: number; pdus: PduCapability } {
  const { Header, Pad, Version } = Head.decode(reader);
  checkCommand(reader, Header, DvcCommand.capabilities, Head.size);
  if (Version < lowest || Version > highest) {
    throw reader.error('INVALID_VALUE', 'Version', `${Version} is not ${lowest}`, 2);
  }
  return { version: Version, pdus: Pad === LARGE_PDUS ? { largePdus: true } : {} };
}

function writeHead(out: Writer, version: number, largePdus?: true): void {
  const Pad = largePdus === undefined ? 0 : LARGE_PDUS;
  Head.write(out, { Header: headerByte(DvcCommand.capabilities), Pad, Version: version });
}

function decodeCharges(reader: Reader): PriorityCharges {
  const charges = Charges.decode(reader);
  return {
    priorityCharge0: charges.PriorityCharge0,
    priorityCharge1: charges.PriorityCharge1,
    priorityCharge2: charges.PriorityCharge2,
    priorityCharge3: charges.PriorityCharge3,
  };
}

function writeCharges(out: Writer, charges: PriorityCharges): void {
  Charges.write(out, {
    PriorityCharge0: charges.priorityCharge0,
    PriorityCharge1: charges.priorityCharge1,
    PriorityCharge2: charges.priorityCharge2,
    PriorityCharge3: charges.priorityCharge3,
  });
}
