import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { encoded, failsFor, gets, sends, sendsPdu } from './faults.ts';
import type { OwnClient } from './ownClient.ts';

const fx2: OwnClient = { redirects: () => [new OsrFx2()] };
const two: OwnClient = { redirects: () => [new HidKeyboard(), new OsrFx2()] };
const response = 'RIM_EXCHANGE_CAPABILITY_RESPONSE';
const addVirtualChannel = encoded({ name: 'ADD_VIRTUAL_CHANNEL', interfaceId: 1, messageId: 0 });

describe('a client that breaks a rule of the opening', () => {
  failsFor(
    'C01',
    'a second channel is refused',
    fx2,
    sendsPdu('DYNVC_CREATE_RSP', (pdu) => (pdu.channelId === 1 ? undefined : [{ ...pdu, creationStatus: -1 }])),
    /refused a channel/,
  );
  failsFor(
    'C01',
    'no capability exchange on the second channel',
    fx2,
    sends(response, (_, { channelId }) => (channelId === 1 ? undefined : [])),
    /no RIM_EXCHANGE_CAPABILITY_RESPONSE came/,
  );
  failsFor(
    'C01',
    'the control channel is closed for the second',
    fx2,
    sends('ADD_DEVICE', (_, { faults }) => {
      faults.pdu({ name: 'DYNVC_CLOSE', channelId: 1 });
      return undefined;
    }),
    /closed/,
  );
  failsFor(
    'C02',
    'another MessageId',
    fx2,
    sends(response, (message) => ({ ...message, messageId: 0 })),
    /MessageId is 0/,
  );
  failsFor(
    'C02',
    'version 2',
    fx2,
    sends(response, (message) => ({ ...message, capabilityValue: 2 })),
    /CapabilityValue is 2/,
  );
  failsFor(
    'C02',
    'a failure',
    fx2,
    sends(response, (message) => ({ ...message, result: 0x8000_4005 })),
    /Result is/,
  );
  failsFor(
    'C02',
    'the mask of a response',
    fx2,
    sends(response, (_, { bytes }) => (bytes.fill(0x80, 3, 4), bytes)),
    /cannot be read|no RIM_EXCHANGE_CAPABILITY_RESPONSE/,
  );
  failsFor(
    'C02',
    'two responses',
    fx2,
    sends(response, (message) => [message, message]),
    /beside the one/,
  );
  failsFor(
    'C03',
    'on the interface of the server',
    fx2,
    sends('CHANNEL_CREATED', (message) => ({ ...message, interfaceId: 2 })),
    /cannot be read|InterfaceId of CHANNEL_CREATED is 2/,
  );
  failsFor(
    'C03',
    'version 1.1',
    fx2,
    sends('CHANNEL_CREATED', (message) => ({ ...message, minorVersion: 1 })),
    /MinorVersion is 1/,
  );
  failsFor(
    'C03',
    'version 2.0',
    fx2,
    sends('CHANNEL_CREATED', (message) => ({ ...message, majorVersion: 2 })),
    /MajorVersion is 2/,
  );
  failsFor(
    'C03',
    'capabilities',
    fx2,
    sends('CHANNEL_CREATED', (message) => ({ ...message, capabilities: 1 })),
    /Capabilities is 1/,
  );
  failsFor(
    'C03',
    'twice',
    fx2,
    sends('CHANNEL_CREATED', (message) => [message, message]),
    /CHANNEL_CREATED came beside/,
  );
  failsFor(
    'C04',
    'a later version is taken',
    fx2,
    gets('CHANNEL_CREATED', (message) => ({ ...message, majorVersion: 1 })),
    /not closed/,
  );
  failsFor(
    'C04',
    'the connection ends, not the channel',
    fx2,
    sendsPdu('DYNVC_CLOSE', () => []),
    /no DYNVC_CLOSE/,
  );
  failsFor(
    'C04',
    'a device is announced all the same',
    fx2,
    gets('CHANNEL_CREATED', (_, { faults, channelId }) => {
      faults.message(channelId, addVirtualChannel);
      return undefined;
    }),
    /ADD_VIRTUAL_CHANNEL came after/,
  );
});

describe('a client that breaks a rule of announcing', () => {
  failsFor(
    'C05',
    'two channels for one device',
    fx2,
    sends('ADD_VIRTUAL_CHANNEL', (message, { count }) => (count === 1 ? [message, message] : undefined)),
    /closed the channel/,
  );
  failsFor(
    'C05',
    'no channel for a device',
    { ...fx2, devices: 1 },
    sends('ADD_VIRTUAL_CHANNEL', () => []),
    /number of devices is 0/,
  );
  failsFor(
    'C05',
    'before CHANNEL_CREATED',
    fx2,
    gets('RIM_EXCHANGE_CAPABILITY_REQUEST', (_, { faults, channelId }) => {
      setImmediate(() => setImmediate(() => setImmediate(() => faults.message(channelId, addVirtualChannel))));
      return undefined;
    }),
    /before CHANNEL_CREATED/,
  );
  failsFor(
    'C05',
    'ADD_DEVICE twice',
    fx2,
    sends('ADD_DEVICE', (message) => [message, message]),
    /beside the one ADD_DEVICE/,
  );
  failsFor(
    'C05',
    'something else on the control channel',
    fx2,
    sends('ADD_VIRTUAL_CHANNEL', (message, { bytes }) => [message, bytes.fill(2, 0, 1)]),
    /cannot be read/,
  );

  const announces = (fault: string, change: (device: AddDevice) => AddDevice, reason: RegExp, client = fx2) =>
    failsFor('C06', fault, client, sends('ADD_DEVICE', change), reason);
  const capable = (fault: string, change: Partial<AddDevice['usbDeviceCapabilities']>, reason: RegExp) =>
    announces(
      fault,
      (device) => ({ ...device, usbDeviceCapabilities: { ...device.usbDeviceCapabilities, ...change } }),
      reason,
    );
  announces('the interface of another', (device) => ({ ...device, usbDevice: 2 }), /UsbDevice 2/);
  announces('two devices on one interface', (device) => ({ ...device, usbDevice: 9 }), /two devices/, two);
  announces('no instance id', (device) => ({ ...device, deviceInstanceId: '' }), /DeviceInstanceId is empty/);
  announces('a NUL within', (device) => ({ ...device, deviceInstanceId: 'a\0b' }), /first NUL in DeviceInstanceId/);
  announces('an empty hardware id', (device) => ({ ...device, hardwareIds: ['a', '', 'b'] }), /HardwareIds/);
  announces('a container that is no GUID', (device) => ({ ...device, containerId: 'x' }), /no GUID/);
  announces(
    'a container id of zeros',
    (device) => ({ ...device, containerId: '{00000000-0000-0000-0000-000000000000}' }),
    /all zero/,
  );
  capable('a bus interface of the future', { usbBusInterfaceVersion: 3 }, /UsbBusInterfaceVersion/);
  capable('another USBDI', { usbdiVersion: 0x700 }, /USBDI_Version/);
  capable('USB 3', { supportedUsbVersion: 0x300 }, /Supported_USB_Version/);
  capable('capabilities of the host', { hcdCapabilities: 1 }, /HcdCapabilities/);
  capable('a speed beyond high', { deviceIsHighSpeed: 2 }, /DeviceIsHighSpeed/);
  capable('high speed on bus interface 0', { usbBusInterfaceVersion: 0 }, /DeviceIsHighSpeed/);
  capable('a jitter buffer of 9 ms', { noAckIsochWriteJitterBufferSizeInMs: 9 }, /JitterBuffer/);
  capable('a jitter buffer of 513 ms', { noAckIsochWriteJitterBufferSizeInMs: 513 }, /JitterBuffer/);

  const unterminated = (fault: string, end: string, reason: RegExp) =>
    failsFor(
      'C06',
      fault,
      fx2,
      sends('ADD_DEVICE', (_, { bytes }) => {
        const at = Buffer.from(bytes).indexOf(Buffer.from(end, 'utf16le'));
        bytes[at + 2 * (end.length - 1)] = 0x41;
        return bytes;
      }),
      reason,
    );
  unterminated('an instance id without its NUL', '0-0\0', /DeviceInstanceId/);
  unterminated('ids without the last NUL', 'PID_1002\0\0', /HardwareIds/);
  unterminated('compatible ids without the last NUL', 'KEEPS_ORDER\0\0', /CompatibilityIds/);
  unterminated('a container id without its NUL', '}\0', /ContainerId/);
});
