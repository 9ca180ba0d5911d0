import { UsageError } from '../../core/errors.ts';
import { byteLength, type Parts } from '../../core/parts.ts';
import type { Reader } from '../../core/reader.ts';
import { struct } from '../urbdrcStructs.generated.ts';
import { decodePackets, encodePackets, type IsochPacketDescriptor } from '../tsUrb/isochPacket.ts';
import { type TsUrbResultStructure, urbFunctionInfo } from '../tsUrb/urbFunction.ts';
import {
  decodeInterfaceResult,
  encodeInterfaceResult,
  interfaceResultFits,
  MIN_INTERFACE_RESULT_SIZE,
  type InterfaceInformationResult,
} from './interfaceResult.ts';

/** TS_URB_RESULT_HEADER alone, [MS-RDPEUSB] 2.2.10.1.1: most functions' result, and any failed function's. */
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

/** Names of the properties that are bytes, for reading a TsUrbResult from JSON. */
export const TS_URB_RESULT_BYTE_PROPERTIES: ReadonlySet<string> = new Set(['unparsed']);

/** Sections of [MS-RDPEUSB] that lay out the results. */
export const TS_URB_RESULT_SECTIONS: Readonly<Record<TsUrbResultStructure, string>> = {
  TS_URB_RESULT_HEADER: '2.2.10.1.1',
  TS_URB_SELECT_CONFIGURATION_RESULT: '2.2.10.2',
  TS_URB_SELECT_INTERFACE_RESULT: '2.2.10.3',
  TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT: '2.2.10.4',
  TS_URB_ISOCH_TRANSFER_RESULT: '2.2.10.5',
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

const MAX_SIZE = 0xffff;

/**
 * Decodes one TS_URB_RESULT. Its layout depends on the request that it answers, and after a failure the header may
 * stand alone.
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
  const body = reader.as(structure, { document: 'MS-RDPEUSB', section: TS_URB_RESULT_SECTIONS[structure] });
  const result = decodeBody(body, structure, usbdStatus);
  body.end();
  reader.rest();
  return result;
}

/**
 * The TS_URB_RESULT as bytes; Size is computed.
 *
 * @throws UsageError for a value that its field cannot hold
 */
export function encodeTsUrbResult(value: TsUrbResult): Parts {
  const body = encodeBody(value);
  const size = Head.size + byteLength(body);
  if (size > MAX_SIZE) {
    throw new UsageError(`TS_URB_RESULT_HEADER.Size: a result of ${size} bytes is too long, at most ${MAX_SIZE}`);
  }
  return [Head.encode({ Size: size, Padding: 0, UsbdStatus: value.usbdStatus }), ...body];
}

function decodeBody(reader: Reader, structure: TsUrbResultStructure, usbdStatus: number): TsUrbResult {
  switch (structure) {
    case 'TS_URB_RESULT_HEADER':
      return { name: structure, usbdStatus };
    case 'TS_URB_SELECT_CONFIGURATION_RESULT': {
      const head = Configuration.decode(reader);
      reader.checkCount(head.NumInterfaces, MIN_INTERFACE_RESULT_SIZE, 'NumInterfaces');
      const interfaces = Array.from({ length: head.NumInterfaces }, () => decodeInterfaceResult(reader));
      return { name: structure, usbdStatus, configurationHandle: head.ConfigurationHandle, interfaces };
    }
    case 'TS_URB_SELECT_INTERFACE_RESULT':
      skipConfigurationHead(reader);
      return { name: structure, usbdStatus, interface: decodeInterfaceResult(reader) };
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT':
      return { name: structure, usbdStatus, frameNumber: FrameNumber.decode(reader).FrameNumber };
    case 'TS_URB_ISOCH_TRANSFER_RESULT': {
      const head = Isoch.decode(reader);
      return {
        name: structure,
        usbdStatus,
        startFrame: head.StartFrame,
        errorCount: head.ErrorCount,
        isoPackets: decodePackets(reader, head.NumberOfPackets),
      };
    }
  }
}

/** FreeRDP 3.14 to 3.22 puts ConfigurationHandle and NumInterfaces before the interface; lenient readers skip them. */
function skipConfigurationHead(reader: Reader): void {
  if (!reader.lenient || interfaceResultFits(reader, 0) || !interfaceResultFits(reader, Configuration.size)) return;
  reader.pad(Configuration.size, 'ConfigurationHandle');
}

function encodeBody(value: TsUrbResult): Parts {
  switch (value.name) {
    case 'TS_URB_RESULT_HEADER':
      return value.unparsed === undefined ? [] : [value.unparsed];
    case 'TS_URB_SELECT_CONFIGURATION_RESULT': {
      const head = Configuration.encode({
        ConfigurationHandle: value.configurationHandle,
        NumInterfaces: value.interfaces.length,
      });
      return [head, ...value.interfaces.flatMap(encodeInterfaceResult)];
    }
    case 'TS_URB_SELECT_INTERFACE_RESULT':
      return encodeInterfaceResult(value.interface);
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT':
      return [FrameNumber.encode({ FrameNumber: value.frameNumber })];
    case 'TS_URB_ISOCH_TRANSFER_RESULT': {
      const head = Isoch.encode({
        StartFrame: value.startFrame,
        NumberOfPackets: value.isoPackets.length,
        ErrorCount: value.errorCount,
      });
      return [head, ...encodePackets(value.isoPackets)];
    }
  }
}
