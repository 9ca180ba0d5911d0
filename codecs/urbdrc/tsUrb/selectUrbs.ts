import { codec } from '../../core/message.ts';
import { rdpeusb } from '../header.ts';
import { struct } from '../urbdrcStructs.generated.ts';
import type { TsUrbBody, TsUrbHeader } from './header.ts';

/** TS_USBD_PIPE_INFORMATION, [MS-RDPEUSB] 2.2.9.1.3. */
export interface PipeInformation {
  /** Bytes; 0 leaves it to the client. */
  readonly maximumPacketSize: number;
  /** Bytes; Windows ignores it. */
  readonly maximumTransferSize: number;
  readonly pipeFlags: number;
}

/** TS_USBD_INTERFACE_INFORMATION, [MS-RDPEUSB] 2.2.9.1.2: the alternate setting to select for one interface. */
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

export const SelectConfiguration: TsUrbBody<TsUrbSelectConfiguration> = {
  decode(reader, header) {
    const head = ConfigurationHead.decode(reader);
    reader.checkCount(head.NumInterfaces, InterfaceHead.size, 'NumInterfaces', ConfigurationHead.back('NumInterfaces'));
    const interfaces = Array.from({ length: head.NumInterfaces }, () => reader.structure(InterfaceInformation));
    const urb = { name: 'TS_URB_SELECT_CONFIGURATION', ...header, interfaces } as const;
    return head.ConfigurationDescriptorIsValid === 0 ? urb : { ...urb, configurationDescriptor: reader.rest() };
  },
  write(out, { interfaces, configurationDescriptor }) {
    ConfigurationHead.write(out, {
      ConfigurationDescriptorIsValid: configurationDescriptor === undefined ? 0 : 1,
      Padding1: 0,
      Padding2: 0,
      NumInterfaces: interfaces.length,
    });
    for (const each of interfaces) InterfaceInformation.write(out, each);
    if (configurationDescriptor !== undefined) out.append(configurationDescriptor);
  },
};

export const SelectInterface: TsUrbBody<TsUrbSelectInterface> = {
  decode(reader, header) {
    const { ConfigurationHandle } = InterfaceUrbHead.decode(reader);
    return {
      name: 'TS_URB_SELECT_INTERFACE',
      ...header,
      configurationHandle: ConfigurationHandle,
      interface: reader.structure(InterfaceInformation),
    };
  },
  write(out, value) {
    InterfaceUrbHead.write(out, { ConfigurationHandle: value.configurationHandle });
    InterfaceInformation.write(out, value.interface);
  },
};

/** NumberOfPipes counts; strict readers refuse a Length that disagrees, lenient ones ignore it. */
export const InterfaceInformation = codec<InterfaceInformation>({
  name: 'TS_USBD_INTERFACE_INFORMATION',
  spec: rdpeusb('2.2.9.1.2'),
  decode(reader) {
    const head = InterfaceHead.decode(reader);
    const expected = InterfaceHead.size + PipeHead.size * head.NumberOfPipes;
    if (head.Length !== expected && !reader.lenient) {
      const problem = `is ${head.Length}, but ${head.NumberOfPipes} pipes make it ${expected}`;
      throw reader.error('LENGTH_MISMATCH', 'Length', problem, InterfaceHead.back('Length'));
    }
    reader.checkCount(head.NumberOfPipes, PipeHead.size, 'NumberOfPipes', InterfaceHead.back('NumberOfPipes'));
    const pipes = Array.from({ length: head.NumberOfPipes }, () => reader.structure(PipeInformation));
    const information = { interfaceNumber: head.InterfaceNumber, alternateSetting: head.AlternateSetting };
    return head.NumberOfPipesExpected === pipes.length
      ? { ...information, pipes }
      : { ...information, numberOfPipesExpected: head.NumberOfPipesExpected, pipes };
  },
  write(out, value) {
    InterfaceHead.write(out, {
      Length: InterfaceHead.size + PipeHead.size * value.pipes.length,
      NumberOfPipesExpected: value.numberOfPipesExpected ?? value.pipes.length,
      InterfaceNumber: value.interfaceNumber,
      AlternateSetting: value.alternateSetting,
      Padding: 0,
      NumberOfPipes: value.pipes.length,
    });
    for (const pipe of value.pipes) PipeInformation.write(out, pipe);
  },
});

export const PipeInformation = codec<PipeInformation>({
  name: 'TS_USBD_PIPE_INFORMATION',
  spec: rdpeusb('2.2.9.1.3'),
  decode(reader) {
    const head = PipeHead.decode(reader);
    return {
      maximumPacketSize: head.MaximumPacketSize,
      maximumTransferSize: head.MaximumTransferSize,
      pipeFlags: head.PipeFlags,
    };
  },
  write(out, value) {
    PipeHead.write(out, {
      MaximumPacketSize: value.maximumPacketSize,
      Padding: 0,
      MaximumTransferSize: value.maximumTransferSize,
      PipeFlags: value.pipeFlags,
    });
  },
});
