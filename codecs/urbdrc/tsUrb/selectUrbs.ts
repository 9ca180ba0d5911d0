import type { Parts } from '../../core/parts.ts';
import type { Reader } from '../../core/reader.ts';
import { struct } from '../urbdrcStructs.generated.ts';
import type { TsUrbHeader } from './header.ts';

/** TS_USBD_PIPE_INFORMATION, [MS-RDPEUSB] 2.2.9.1.3. */
export interface PipeInformation {
  /** Bytes; 0 leaves it to the client. */
  readonly maximumPacketSize: number;
  /** Bytes; Windows ignores it. */
  readonly maximumTransferSize: number;
  readonly pipeFlags: number;
}

/** TS_USBD_INTERFACE_INFORMATION, [MS-RDPEUSB] 2.2.9.1.2: the alternate setting that is wanted of one interface. */
export interface InterfaceInformation {
  readonly interfaceNumber: number;
  readonly alternateSetting: number;
  /** Only where it differs from the number of pipes. */
  readonly numberOfPipesExpected?: number;
  readonly pipes: readonly PipeInformation[];
}

/** TS_URB_SELECT_CONFIGURATION, [MS-RDPEUSB] 2.2.9.2. */
export interface TsUrbSelectConfiguration extends TsUrbHeader {
  readonly name: 'TS_URB_SELECT_CONFIGURATION';
  readonly interfaces: readonly InterfaceInformation[];
  /** The whole configuration descriptor; absent: unconfigure the device. */
  readonly configurationDescriptor?: Uint8Array;
}

/** TS_URB_SELECT_INTERFACE, [MS-RDPEUSB] 2.2.9.3. */
export interface TsUrbSelectInterface extends TsUrbHeader {
  readonly name: 'TS_URB_SELECT_INTERFACE';
  readonly configurationHandle: number;
  readonly interface: InterfaceInformation;
}

const ConfigurationHead = struct('TS_URB_SELECT_CONFIGURATION', {
  ConfigurationDescriptorIsValid: 'u8',
  Padding1: 'u8',
  Padding2: 'u16',
  NumInterfaces: 'u32',
});
const InterfaceHead = struct('TS_USBD_INTERFACE_INFORMATION', {
  Length: 'u16',
  NumberOfPipesExpected: 'u16',
  InterfaceNumber: 'u8',
  AlternateSetting: 'u8',
  Padding: 'u16',
  NumberOfPipes: 'u32',
});
const PipeHead = struct('TS_USBD_PIPE_INFORMATION', {
  MaximumPacketSize: 'u16',
  Padding: 'u16',
  MaximumTransferSize: 'u32',
  PipeFlags: 'u32',
});
const InterfaceUrbHead = struct('TS_URB_SELECT_INTERFACE', { ConfigurationHandle: 'u32' });

export function decodeSelectConfiguration(reader: Reader, header: TsUrbHeader): TsUrbSelectConfiguration {
  const head = ConfigurationHead.decode(reader);
  reader.checkCount(head.NumInterfaces, InterfaceHead.size, 'NumInterfaces');
  const interfaces = Array.from({ length: head.NumInterfaces }, () => decodeInterface(reader));
  const urb = { name: 'TS_URB_SELECT_CONFIGURATION', ...header, interfaces } as const;
  return head.ConfigurationDescriptorIsValid === 0 ? urb : { ...urb, configurationDescriptor: reader.rest() };
}

export function encodeSelectConfiguration(value: TsUrbSelectConfiguration): Parts {
  const head = ConfigurationHead.encode({
    ConfigurationDescriptorIsValid: value.configurationDescriptor === undefined ? 0 : 1,
    Padding1: 0,
    Padding2: 0,
    NumInterfaces: value.interfaces.length,
  });
  const descriptor = value.configurationDescriptor === undefined ? [] : [value.configurationDescriptor];
  return [head, ...value.interfaces.flatMap(encodeInterface), ...descriptor];
}

export function decodeSelectInterface(reader: Reader, header: TsUrbHeader): TsUrbSelectInterface {
  const { ConfigurationHandle } = InterfaceUrbHead.decode(reader);
  return {
    name: 'TS_URB_SELECT_INTERFACE',
    ...header,
    configurationHandle: ConfigurationHandle,
    interface: decodeInterface(reader),
  };
}

export function encodeSelectInterface(value: TsUrbSelectInterface): Parts {
  const head = InterfaceUrbHead.encode({ ConfigurationHandle: value.configurationHandle });
  return [head, ...encodeInterface(value.interface)];
}

/** NumberOfPipes leads; a Length that disagrees is refused by strict readers and ignored by lenient ones. */
function decodeInterface(reader: Reader): InterfaceInformation {
  const head = InterfaceHead.decode(reader);
  const expected = InterfaceHead.size + PipeHead.size * head.NumberOfPipes;
  if (head.Length !== expected && !reader.lenient) {
    const problem = `is ${head.Length}, but ${head.NumberOfPipes} pipes make it ${expected}`;
    throw reader.error('LENGTH_MISMATCH', 'Interface.Length', problem, InterfaceHead.size);
  }
  reader.checkCount(head.NumberOfPipes, PipeHead.size, 'NumberOfPipes');
  const pipes = Array.from({ length: head.NumberOfPipes }, () => decodePipe(reader));
  const information = { interfaceNumber: head.InterfaceNumber, alternateSetting: head.AlternateSetting };
  return head.NumberOfPipesExpected === pipes.length
    ? { ...information, pipes }
    : { ...information, numberOfPipesExpected: head.NumberOfPipesExpected, pipes };
}

function decodePipe(reader: Reader): PipeInformation {
  const head = PipeHead.decode(reader);
  return {
    maximumPacketSize: head.MaximumPacketSize,
    maximumTransferSize: head.MaximumTransferSize,
    pipeFlags: head.PipeFlags,
  };
}

function encodeInterface(value: InterfaceInformation): Uint8Array[] {
  const head = InterfaceHead.encode({
    Length: InterfaceHead.size + PipeHead.size * value.pipes.length,
    NumberOfPipesExpected: value.numberOfPipesExpected ?? value.pipes.length,
    InterfaceNumber: value.interfaceNumber,
    AlternateSetting: value.alternateSetting,
    Padding: 0,
    NumberOfPipes: value.pipes.length,
  });
  const pipes = value.pipes.map((pipe) =>
    PipeHead.encode({
      MaximumPacketSize: pipe.maximumPacketSize,
      Padding: 0,
      MaximumTransferSize: pipe.maximumTransferSize,
      PipeFlags: pipe.pipeFlags,
    }),
  );
  return [head, ...pipes];
}
