import fc from 'fast-check';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { URB_FUNCTIONS, urbFunctionInfo, type TsUrbStructure } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';

export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const requestId = fc.integer({ min: 0, max: 0x7fff_ffff });

const setupPacket = fc.record({ bmRequestType: u8, bRequest: u8, wValue: u16, wIndex: u16, wLength: u16 });
const isoPackets = fc.array(fc.record({ offset: u32, length: u32, status: u32 }), { maxLength: 20 });
const pipes = fc.array(fc.record({ maximumPacketSize: u16, maximumTransferSize: u32, pipeFlags: u32 }), {
  maxLength: 5,
});
const interfaceInformation = fc.record({ interfaceNumber: u8, alternateSetting: u8, pipes });

function of<S extends TsUrbStructure, B>(structure: S, body: fc.Arbitrary<B>) {
  const codes = URB_FUNCTIONS.filter((info) => info.structure === structure).map(({ code }) => code);
  const header = fc.record({
    name: fc.constant(structure),
    urbFunction: fc.constantFrom(...codes),
    requestId,
    noAck: fc.boolean(),
  });
  return fc.tuple(header, body).map(([head, rest]) => ({ ...head, ...rest }));
}

const nothing = fc.constant({});

/** Values of each structure of [MS-RDPEUSB] 2.2.9. */
export const tsUrbArbitraries: Readonly<Record<TsUrb['name'], fc.Arbitrary<TsUrb>>> = {
  TS_URB_SELECT_CONFIGURATION: of(
    'TS_URB_SELECT_CONFIGURATION',
    fc.record(
      { interfaces: fc.array(interfaceInformation, { maxLength: 4 }), configurationDescriptor: fc.uint8Array() },
      { requiredKeys: ['interfaces'] },
    ),
  ),
  TS_URB_SELECT_INTERFACE: of(
    'TS_URB_SELECT_INTERFACE',
    fc.record({ configurationHandle: u32, interface: interfaceInformation }),
  ),
  TS_URB_PIPE_REQUEST: of('TS_URB_PIPE_REQUEST', fc.record({ pipeHandle: u32 })),
  TS_URB_GET_CURRENT_FRAME_NUMBER: of('TS_URB_GET_CURRENT_FRAME_NUMBER', nothing),
  TS_URB_CONTROL_TRANSFER: of(
    'TS_URB_CONTROL_TRANSFER',
    fc.record({ pipeHandle: u32, transferFlags: u32, setupPacket }),
  ),
  TS_URB_CONTROL_TRANSFER_EX: of(
    'TS_URB_CONTROL_TRANSFER_EX',
    fc.record({ pipeHandle: u32, transferFlags: u32, timeout: u32, setupPacket }),
  ),
  TS_URB_BULK_OR_INTERRUPT_TRANSFER: of(
    'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
    fc.record({ pipeHandle: u32, transferFlags: u32 }),
  ),
  TS_URB_ISOCH_TRANSFER: of(
    'TS_URB_ISOCH_TRANSFER',
    fc.record({ pipeHandle: u32, transferFlags: u32, startFrame: u32, errorCount: u32, isoPackets }),
  ),
  TS_URB_CONTROL_DESCRIPTOR_REQUEST: of(
    'TS_URB_CONTROL_DESCRIPTOR_REQUEST',
    fc.record({ index: u8, descriptorType: u8, languageId: u16 }),
  ),
  TS_URB_CONTROL_FEATURE_REQUEST: of('TS_URB_CONTROL_FEATURE_REQUEST', fc.record({ featureSelector: u16, index: u16 })),
  TS_URB_CONTROL_GET_STATUS_REQUEST: of('TS_URB_CONTROL_GET_STATUS_REQUEST', fc.record({ index: u16 })),
  TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST: of(
    'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST',
    fc.record({ transferFlags: u32, requestTypeReservedBits: u8, request: u8, value: u16, index: u16 }),
  ),
  TS_URB_CONTROL_GET_CONFIGURATION_REQUEST: of('TS_URB_CONTROL_GET_CONFIGURATION_REQUEST', nothing),
  TS_URB_CONTROL_GET_INTERFACE_REQUEST: of('TS_URB_CONTROL_GET_INTERFACE_REQUEST', fc.record({ interface: u16 })),
  TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST: of(
    'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST',
    fc.record({
      recipient: fc.integer({ min: 0, max: 31 }),
      interfaceNumber: u8,
      msPageIndex: u8,
      msFeatureDescriptorIndex: u16,
    }),
  ),
  TS_URB_UNKNOWN: fc.record({
    name: fc.constant('TS_URB_UNKNOWN'),
    urbFunction: u16.filter((code) => urbFunctionInfo(code) === undefined),
    requestId,
    noAck: fc.boolean(),
    unparsed: fc.uint8Array(),
  }),
};

const interfaceResult = fc.record({
  interfaceNumber: u8,
  alternateSetting: u8,
  class: u8,
  subClass: u8,
  protocol: u8,
  interfaceHandle: u32,
  pipes: fc.array(
    fc.record({
      maximumPacketSize: u16,
      endpointAddress: u8,
      interval: u8,
      pipeType: u32,
      pipeHandle: u32,
      maximumTransferSize: u32,
      pipeFlags: u32,
    }),
    { maxLength: 5 },
  ),
});

/** Values of each structure of [MS-RDPEUSB] 2.2.10. */
export const tsUrbResultArbitraries: Readonly<Record<TsUrbResult['name'], fc.Arbitrary<TsUrbResult>>> = {
  TS_URB_RESULT_HEADER: fc.record(
    {
      name: fc.constant('TS_URB_RESULT_HEADER'),
      usbdStatus: u32,
      unparsed: fc.uint8Array({ minLength: 1 }),
    },
    { requiredKeys: ['name', 'usbdStatus'] },
  ),
  TS_URB_SELECT_CONFIGURATION_RESULT: fc.record({
    name: fc.constant('TS_URB_SELECT_CONFIGURATION_RESULT'),
    usbdStatus: u32,
    configurationHandle: u32,
    interfaces: fc.array(interfaceResult, { maxLength: 4 }),
  }),
  TS_URB_SELECT_INTERFACE_RESULT: fc.record({
    name: fc.constant('TS_URB_SELECT_INTERFACE_RESULT'),
    usbdStatus: u32,
    interface: interfaceResult,
  }),
  TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT: fc.record({
    name: fc.constant('TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT'),
    usbdStatus: u32,
    frameNumber: u32,
  }),
  TS_URB_ISOCH_TRANSFER_RESULT: fc.record({
    name: fc.constant('TS_URB_ISOCH_TRANSFER_RESULT'),
    usbdStatus: u32,
    startFrame: u32,
    errorCount: u32,
    isoPackets,
  }),
};
