import { type SpecRef, UsageError } from '../../core/errors.ts';
import { encodeWith, entryOf } from '../../core/message.ts';
import type { Parts } from '../../core/parts.ts';
import type { Reader } from '../../core/reader.ts';
import type { Writer } from '../../core/writer.ts';
import { struct } from '../urbdrcStructs.generated.ts';
import { rdpeusb } from '../header.ts';
import { decodePackets, writePackets, type IsochPacketDescriptor } from '../tsUrb/isochPacket.ts';
import { type TsUrbResultStructure, urbFunctionInfo } from '../tsUrb/urbFunction.ts';
import { InterfaceInformationResult, interfaceResultFits, MIN_INTERFACE_RESULT_SIZE } from './interfaceResult.ts';

/** TS_URB_RESULT_HEADER without a body, [MS-RDPEUSB] 2.2.10.1.1: the result of most functions, and of every failed one. */
export interface TsUrbResultHeader {
  readonly name: 'TS_URB_RESULT_HEADER';
  /** USBD_STATUS, 0 for success. */
  readonly usbdStatus: number;
  /** What follows the header where the request, and with it the layout, is not known. */
  readonly unparsed?: Uint8Array;
}

/** TS_URB_SELECT_CONFIGURATION_RESULT, [MS-RDPEUSB] 2.2.10.2. */
export interface TsUrbSelectConfigurationResult {
  readonly name: 'TS_URB_SELECT_CONFIGURATION_RESULT';
  readonly usbdStatus: number;
  /** Opaque: goes into TS_URB_SELECT_INTERFACE. */
  readonly configurationHandle: number;
  readonly interfaces: readonly InterfaceInformationResult[];
}

/** TS_URB_SELECT_INTERFACE_RESULT, [MS-RDPEUSB] 2.2.10.3. */
export interface TsUrbSelectInterfaceResult {
  readonly name: 'TS_URB_SELECT_INTERFACE_RESULT';
  readonly usbdStatus: number;
  readonly interface: InterfaceInformationResult;
}

/** TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT, [MS-RDPEUSB] 2.2.10.4. */
export interface TsUrbGetCurrentFrameNumberResult {
  readonly name: 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT';
  readonly usbdStatus: number;
  /** Milliseconds, modulo 2^32. */
  readonly frameNumber: number;
}

/** TS_URB_ISOCH_TRANSFER_RESULT, [MS-RDPEUSB] 2.2.10.5. */
export interface TsUrbIsochTransferResult {
  readonly name: 'TS_URB_ISOCH_TRANSFER_RESULT';
  readonly usbdStatus: number;
  readonly startFrame: number;
  readonly errorCount: number;
  readonly isoPackets: readonly IsochPacketDescriptor[];
}

/** Every structure of [MS-RDPEUSB] 2.2.10, by `name`. */
export type TsUrbResult =
  | TsUrbResultHeader
  | TsUrbSelectConfigurationResult
  | TsUrbSelectInterfaceResult
  | TsUrbGetCurrentFrameNumberResult
  | TsUrbIsochTransferResult;

/** Where the results are laid out. */
export const TS_URB_RESULT_SPECS: Readonly<Record<TsUrbResultStructure, SpecRef>> = {
  TS_URB_RESULT_HEADER: rdpeusb('2.2.10.1.1'),
  TS_URB_SELECT_CONFIGURATION_RESULT: rdpeusb('2.2.10.2'),
  TS_URB_SELECT_INTERFACE_RESULT: rdpeusb('2.2.10.3'),
  TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT: rdpeusb('2.2.10.4'),
  TS_URB_ISOCH_TRANSFER_RESULT: rdpeusb('2.2.10.5'),
};

const Head = struct('TS_URB_RESULT_HEADER', { Size: 'u16', Padding: 'u16', UsbdStatus: 'u32' });
const Configuration = struct('TS_URB_SELECT_CONFIGURATION_RESULT', {
  ConfigurationHandle: 'u32',
  NumInterfaces: 'u32',
});
const FrameNumber = struct('TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT', { FrameNumber: 'u32' });
const Isoch = struct('TS_URB_ISOCH_TRANSFER_RESULT', {
  StartFrame: 'u32',
  NumberOfPackets: 'u32',
  ErrorCount: 'u32',
});

/** Bytes of the header, which the smallest results are. */
export const TS_URB_RESULT_HEADER_SIZE = Head.size;

const MAX_SIZE = 0xffff;

/**
 * Decodes one TS_URB_RESULT. Its layout depends on the request that it answers; after a failure there may be only the
 * header.
 *
 * @param reader - bounded to the CbTsUrbResult bytes of the message
 * @param urbFunction - of the request; undefined when it is not known: then the body stays `unparsed`
 * @param failed - whether the message's HResult tells a failure (a UsbdStatus other than 0 is seen here)
 * @throws DecodeError
 */
export function decodeTsUrbResult(reader: Reader, urbFunction: number | undefined, failed: boolean): TsUrbResult {
  const length = reader.remaining;
  const head = Head.decode(reader);
  if (head.Size !== length && !reader.lenient) {
    const problem = `is ${head.Size}, but the TsUrbResult has ${length} bytes`;
    throw reader.error('LENGTH_MISMATCH', 'Size', problem, Head.size);
  }
  const usbdStatus = head.UsbdStatus;
  const info = urbFunction === undefined ? undefined : urbFunctionInfo(urbFunction);
  if (info === undefined) {
    const header = { name: 'TS_URB_RESULT_HEADER', usbdStatus } as const;
    return reader.remaining === 0 ? header : { ...header, unparsed: reader.rest() };
  }
  // Sessions also take a success without a body; it tells them that nothing usable was selected.
  const mayBeBare = failed || usbdStatus !== 0 || reader.lenient;
  const structure = reader.remaining === 0 && mayBeBare ? 'TS_URB_RESULT_HEADER' : info.result;
  reader.rename(structure, TS_URB_RESULT_SPECS[structure]);
  const result = decodeBody(reader, structure, usbdStatus);
  reader.end();
  return result;
}

/**
 * Appends a TS_URB_RESULT; Size is computed.
 *
 * @returns its bytes
 * @throws UsageError for a value that its field cannot hold
 */
export function writeTsUrbResult(out: Writer, value: TsUrbResult): number {
  entryOf(TS_URB_RESULT_SPECS, value.name, 'TS_URB_RESULT');
  const start = out.position;
  Head.write(out, { Size: 0, Padding: 0, UsbdStatus: value.usbdStatus });
  writeBody(out, value);
  const size = out.position - start;
  if (size > MAX_SIZE) {
    throw new UsageError(`TS_URB_RESULT_HEADER.Size: a result of ${size} bytes is too long, at most ${MAX_SIZE}`);
  }
  Head.patch(out, start, 'Size', size);
  return size;
}

/** A TS_URB_RESULT by itself. @throws UsageError for a value that its field cannot hold */
export function encodeTsUrbResult(value: TsUrbResult): Parts {
  return encodeWith({ write: writeTsUrbResult }, value);
}

function decodeBody(reader: Reader, structure: TsUrbResultStructure, usbdStatus: number): TsUrbResult {
  switch (structure) {
    case 'TS_URB_RESULT_HEADER':
      return { name: structure, usbdStatus };
    case 'TS_URB_SELECT_CONFIGURATION_RESULT': {
      const head = Configuration.decode(reader);
      reader.checkCount(
        head.NumInterfaces,
        MIN_INTERFACE_RESULT_SIZE,
        'NumInterfaces',
        Configuration.back('NumInterfaces'),
      );
      const interfaces = Array.from({ length: head.NumInterfaces }, () => reader.structure(InterfaceInformationResult));
      return { name: structure, usbdStatus, configurationHandle: head.ConfigurationHandle, interfaces };
    }
    case 'TS_URB_SELECT_INTERFACE_RESULT':
      skipConfigurationHead(reader);
      return { name: structure, usbdStatus, interface: reader.structure(InterfaceInformationResult) };
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT':
      return { name: structure, usbdStatus, frameNumber: FrameNumber.decode(reader).FrameNumber };
    case 'TS_URB_ISOCH_TRANSFER_RESULT': {
      const head = Isoch.decode(reader);
      return {
        name: structure,
        usbdStatus,
        startFrame: head.StartFrame,
        errorCount: head.ErrorCount,
        isoPackets: decodePackets(reader, head.NumberOfPackets, Isoch.back('NumberOfPackets')),
      };
    }
  }
}

/** FreeRDP 3.14 to 3.22 puts ConfigurationHandle and NumInterfaces before the interface; lenient readers skip them. */
function skipConfigurationHead(reader: Reader): void {
  if (!reader.lenient || interfaceResultFits(reader, 0) || !interfaceResultFits(reader, Configuration.size)) return;
  reader.pad(Configuration.size, 'ConfigurationHandle');
}

function writeBody(out: Writer, value: TsUrbResult): void {
  switch (value.name) {
    case 'TS_URB_RESULT_HEADER':
      if (value.unparsed !== undefined) out.append(value.unparsed);
      return;
    case 'TS_URB_SELECT_CONFIGURATION_RESULT':
      Configuration.write(out, {
        ConfigurationHandle: value.configurationHandle,
        NumInterfaces: value.interfaces.length,
      });
      for (const each of value.interfaces) InterfaceInformationResult.write(out, each);
      return;
    case 'TS_URB_SELECT_INTERFACE_RESULT':
      InterfaceInformationResult.write(out, value.interface);
      return;
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT':
      FrameNumber.write(out, { FrameNumber: value.frameNumber });
      return;
    case 'TS_URB_ISOCH_TRANSFER_RESULT':
      Isoch.write(out, {
        StartFrame: value.startFrame,
        NumberOfPackets: value.isoPackets.length,
        ErrorCount: value.errorCount,
      });
      writePackets(out, value.isoPackets);
      return;
  }
}
