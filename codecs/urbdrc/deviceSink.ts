import { multiSz } from '../core/text.ts';
import { readTextLength, writeCountedText } from './countedText.ts';
import {
  checkInterfaceId,
  checkRequestHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  rdpeusb,
  REQUEST_HEADER,
  type MessageIds,
} from './header.ts';
import { struct } from './urbdrcStructs.generated.ts';
import { UsbDeviceCapabilities } from './usbDeviceCapabilities.ts';

const CHANNEL_RULE = {
  name: 'ADD_VIRTUAL_CHANNEL',
  spec: rdpeusb('2.2.4.1'),
  interface: 'deviceSink',
  from: 'client',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x100,
} as const;

/** [MS-RDPEUSB] 2.2.4.1: on the control channel, asks the server for one more channel, for one more device. */
export interface AddVirtualChannel extends MessageIds {
  readonly name: 'ADD_VIRTUAL_CHANNEL';
}

const ChannelHead = struct(CHANNEL_RULE.name, REQUEST_HEADER);

export const AddVirtualChannel = messageCodec<AddVirtualChannel>({
  ...CHANNEL_RULE,
  decode(reader) {
    const head = ChannelHead.decode(reader);
    checkRequestHeader(reader, CHANNEL_RULE, head);
    reader.end();
    return { name: CHANNEL_RULE.name, interfaceId: interfaceIdOf(head.InterfaceId), messageId: head.MessageId };
  },
  write(out, value) {
    ChannelHead.write(out, {
      InterfaceId: headerWord(CHANNEL_RULE.name, value.interfaceId, CHANNEL_RULE.mask),
      MessageId: value.messageId,
      FunctionId: CHANNEL_RULE.functionId,
    });
  },
});

const DEVICE_RULE = {
  name: 'ADD_DEVICE',
  spec: rdpeusb('2.2.4.2'),
  interface: 'deviceSink',
  from: 'client',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x101,
} as const;

/** [MS-RDPEUSB] 2.2.4.2: on a device's own channel, tells what device it is. */
export interface AddDevice extends MessageIds {
  readonly name: 'ADD_DEVICE';
  /** Interface id of the device, chosen by the client, unique on this channel. 0 is legal. */
  readonly usbDevice: number;
  readonly deviceInstanceId: string;
  /** Most specific first, e.g. `USB\VID_046D&PID_C52B&REV_1201`. May be empty. */
  readonly hardwareIds: readonly string[];
  /** E.g. `USB\Class_03&SubClass_01&Prot_01`. May be empty. */
  readonly compatibilityIds: readonly string[];
  /** GUID text, with or without braces. */
  readonly containerId: string;
  readonly usbDeviceCapabilities: UsbDeviceCapabilities;
}

const DeviceHead = struct(DEVICE_RULE.name, { ...REQUEST_HEADER, NumUsbDevice: 'u32', UsbDevice: 'u32' });

export const AddDevice = messageCodec<AddDevice>({
  ...DEVICE_RULE,
  decode(reader) {
    const head = DeviceHead.decode(reader);
    checkRequestHeader(reader, DEVICE_RULE, head);
    if (head.NumUsbDevice !== 1) {
      throw reader.error('INVALID_VALUE', 'NumUsbDevice', `${head.NumUsbDevice} devices, must be 1`, 8);
    }
    const deviceInstanceId = reader.utf16(readTextLength(reader, 'cchDeviceInstanceId'), 'DeviceInstanceId');
    const hardwareIds = reader.multiSz(readTextLength(reader, 'cchHwIds'), 'HardwareIds');
    const compatibilityIds = reader.multiSz(readTextLength(reader, 'cchCompatIds'), 'CompatibilityIds');
    const containerId = reader.utf16(readTextLength(reader, 'cchContainerId'), 'ContainerId');
    const usbDeviceCapabilities = reader.structure(UsbDeviceCapabilities);
    reader.end();
    return {
      name: DEVICE_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      usbDevice: interfaceIdOf(head.UsbDevice),
      deviceInstanceId,
      hardwareIds,
      compatibilityIds,
      containerId,
      usbDeviceCapabilities,
    };
  },
  write(out, value) {
    DeviceHead.write(out, {
      InterfaceId: headerWord(DEVICE_RULE.name, value.interfaceId, DEVICE_RULE.mask),
      MessageId: value.messageId,
      FunctionId: DEVICE_RULE.functionId,
      NumUsbDevice: 1,
      UsbDevice: checkInterfaceId(value.usbDevice, DEVICE_RULE.name, 'UsbDevice'),
    });
    writeCountedText(out, 'cchDeviceInstanceId', `${value.deviceInstanceId}\0`);
    writeCountedText(out, 'cchHwIds', multiSz(value.hardwareIds));
    writeCountedText(out, 'cchCompatIds', multiSz(value.compatibilityIds));
    writeCountedText(out, 'cchContainerId', `${value.containerId}\0`);
    UsbDeviceCapabilities.write(out, value.usbDeviceCapabilities);
  },
});
