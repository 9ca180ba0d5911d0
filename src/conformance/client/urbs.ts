import type { Configuration } from '../../../codecs/usb/configurationDescriptor.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { InterfaceInformation } from '../../../codecs/urbdrc/tsUrb/selectUrbs.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { TransferFlags, UrbFunction, type UrbFunctionName } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';

type WithoutIds<U> = U extends TsUrb ? Omit<U, 'requestId' | 'noAck'> : never;

/** A TS_URB whose RequestId is not chosen yet. */
export type Urb = WithoutIds<TsUrb>;

export const DescriptorKind = { DEVICE: 1, CONFIGURATION: 2, STRING: 3 } as const;

const { USBD_TRANSFER_DIRECTION_IN, USBD_SHORT_TRANSFER_OK, USBD_DEFAULT_PIPE_TRANSFER } = TransferFlags;

/** TransferFlags of a server that accepts short reads. */
export const IN_SHORT_OK = USBD_TRANSFER_DIRECTION_IN | USBD_SHORT_TRANSFER_OK;

export function getDescriptor(descriptorType: number, index = 0, languageId = 0): Urb {
  return descriptorRequest('URB_FUNCTION_GET_DESCRIPTOR_FROM_DEVICE', descriptorType, index, languageId);
}

export function descriptorRequest(
  name: UrbFunctionName,
  descriptorType: number,
  index: number,
  languageId: number,
): Urb {
  return {
    name: 'TS_URB_CONTROL_DESCRIPTOR_REQUEST',
    urbFunction: UrbFunction[name],
    descriptorType,
    index,
    languageId,
  };
}

export function getStatus(name: UrbFunctionName, index: number): Urb {
  return { name: 'TS_URB_CONTROL_GET_STATUS_REQUEST', urbFunction: UrbFunction[name], index };
}

export function featureRequest(name: UrbFunctionName, featureSelector: number, index: number): Urb {
  return { name: 'TS_URB_CONTROL_FEATURE_REQUEST', urbFunction: UrbFunction[name], featureSelector, index };
}

export function vendorOrClass(
  name: UrbFunctionName,
  direction: 'in' | 'out',
  request: number,
  value = 0,
  index = 0,
): Urb {
  return {
    name: 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST',
    urbFunction: UrbFunction[name],
    transferFlags: direction === 'in' ? IN_SHORT_OK : 0,
    requestTypeReservedBits: 0,
    request,
    value,
    index,
  };
}

export function getConfiguration(): Urb {
  return {
    name: 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST',
    urbFunction: UrbFunction.URB_FUNCTION_GET_CONFIGURATION,
  };
}

export function getInterface(number: number): Urb {
  return {
    name: 'TS_URB_CONTROL_GET_INTERFACE_REQUEST',
    urbFunction: UrbFunction.URB_FUNCTION_GET_INTERFACE,
    interface: number,
  };
}

export function frameNumber(): Urb {
  return {
    name: 'TS_URB_GET_CURRENT_FRAME_NUMBER',
    urbFunction: UrbFunction.URB_FUNCTION_GET_CURRENT_FRAME_NUMBER,
  };
}

export function osFeatureDescriptor(recipient: number, msFeatureDescriptorIndex: number): Urb {
  return {
    name: 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST',
    urbFunction: UrbFunction.URB_FUNCTION_GET_MS_FEATURE_DESCRIPTOR,
    recipient,
    interfaceNumber: 0,
    msPageIndex: 0,
    msFeatureDescriptorIndex,
  };
}

/** A control transfer on endpoint 0. `timeout` in ms makes it the extended form. */
export function controlTransfer(setupPacket: SetupPacket, timeout?: number): Urb {
  const isIn = (setupPacket.bmRequestType & 0x80) !== 0;
  const transferFlags = USBD_DEFAULT_PIPE_TRANSFER | (isIn ? IN_SHORT_OK : 0);
  const fields = { pipeHandle: 0, transferFlags, setupPacket };
  return timeout === undefined
    ? { name: 'TS_URB_CONTROL_TRANSFER', urbFunction: UrbFunction.URB_FUNCTION_CONTROL_TRANSFER, ...fields }
    : {
        name: 'TS_URB_CONTROL_TRANSFER_EX',
        urbFunction: UrbFunction.URB_FUNCTION_CONTROL_TRANSFER_EX,
        ...fields,
        timeout,
      };
}

export function bulkOrInterrupt(pipeHandle: number, transferFlags: number): Urb {
  return {
    name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
    urbFunction: UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
    pipeHandle,
    transferFlags,
  };
}

export function pipeRequest(name: UrbFunctionName, pipeHandle: number): Urb {
  return { name: 'TS_URB_PIPE_REQUEST', urbFunction: UrbFunction[name], pipeHandle };
}

/** `lengths` are the sizes of the packets, which follow each other in the buffer. */
export function isochTransfer(
  pipeHandle: number,
  transferFlags: number,
  lengths: readonly number[],
  startFrame = 0,
): Urb {
  let offset = 0;
  const isoPackets = lengths.map((length) => {
    const packet = { offset, length: 0, status: 0 };
    offset += length;
    return packet;
  });
  return {
    name: 'TS_URB_ISOCH_TRANSFER',
    urbFunction: UrbFunction.URB_FUNCTION_ISOCH_TRANSFER,
    pipeHandle,
    transferFlags,
    startFrame,
    errorCount: 0,
    isoPackets,
  };
}

/** SELECT_CONFIGURATION with every interface in alternate setting 0; undefined unconfigures. */
export function selectConfiguration(descriptor: Uint8Array | undefined, configuration?: Configuration): Urb {
  const interfaces = (configuration?.interfaces ?? [])
    .filter(({ alternateSetting }) => alternateSetting === 0)
    .map(({ interfaceNumber, endpoints }) => interfaceInformation(interfaceNumber, 0, endpoints.length));
  return {
    name: 'TS_URB_SELECT_CONFIGURATION',
    urbFunction: UrbFunction.URB_FUNCTION_SELECT_CONFIGURATION,
    interfaces,
    ...(descriptor !== undefined && { configurationDescriptor: descriptor }),
  };
}

export function selectInterface(
  configurationHandle: number,
  interfaceNumber: number,
  alternateSetting: number,
  pipes: number,
): Urb {
  return {
    name: 'TS_URB_SELECT_INTERFACE',
    urbFunction: UrbFunction.URB_FUNCTION_SELECT_INTERFACE,
    configurationHandle,
    interface: interfaceInformation(interfaceNumber, alternateSetting, pipes),
  };
}

function interfaceInformation(interfaceNumber: number, alternateSetting: number, count: number): InterfaceInformation {
  const pipe = { maximumPacketSize: 0, maximumTransferSize: 0xffff_ffff, pipeFlags: 0 };
  return { interfaceNumber, alternateSetting, pipes: Array.from({ length: count }, () => pipe) };
}
