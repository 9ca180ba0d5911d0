import { expect } from 'chai';
import { UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import {
  type Answers,
  configurationHandleOf,
  CONFIGURATION_1,
  CONFIGURATION_2,
  EMPTY,
  handlesOf,
  ok,
  type Played,
  ScriptedDevice,
} from './scriptedDevice.ts';

const stalled = { status: 'stalled', data: EMPTY, transferred: 0 } as const;
const statusOf = ({ completion }: Played) => completion.tsUrbResult.usbdStatus;

function readFrom(device: ScriptedDevice, pipeHandle: number | undefined): Played {
  if (pipeHandle === undefined) throw new Error('no such pipe');
  const name = 'TS_URB_BULK_OR_INTERRUPT_TRANSFER';
  return device.in({ name, urbFunction: 9, pipeHandle, transferFlags: 3 }, 8);
}

describe('SELECT_CONFIGURATION at the device, [MS-RDPEUSB] 2.2.9.2', () => {
  it('sets the configuration and describes each interface with its pipes in descriptor order (2.2.10.2)', () => {
    const device = new ScriptedDevice();
    const { operations, completion } = device.select();
    expect(operations).to.deep.equal([{ type: 'setConfiguration', configurationValue: 1 }]);
    expect(completion.hResult).to.equal(0);
    const result = completion.tsUrbResult;
    if (result.name !== 'TS_URB_SELECT_CONFIGURATION_RESULT') throw new Error(result.name);
    expect(result.configurationHandle).to.not.equal(0);
    expect(result.interfaces.map(({ interfaceNumber, pipes }) => [interfaceNumber, pipes.length])).to.deep.equal([
      [0, 2],
      [1, 0],
      [3, 2],
    ]);
    const [first, , hid] = result.interfaces;
    expect(first).to.include({ alternateSetting: 0, class: 0xff, subClass: 1, protocol: 2 });
    expect(first!.pipes[0]).to.include({ endpointAddress: 0x81, maximumPacketSize: 512, interval: 0, pipeType: 2 });
    expect(first!.pipes[1]).to.include({ endpointAddress: 2, pipeType: 2 });
    expect(hid!.pipes[0]).to.include({ endpointAddress: 0x85, maximumPacketSize: 8, interval: 10, pipeType: 3 });
    const handles = result.interfaces.flatMap(({ pipes }) => pipes.map(({ pipeHandle }) => pipeHandle));
    expect(new Set(handles)).to.have.property('size', 4);
    expect(handles).to.not.include(0);
  });

  it('sets the interfaces that are wanted in another alternate setting than 0', () => {
    const played = new ScriptedDevice().select({ 0: 0, 1: 2, 3: 0 });
    expect(played.operations).to.deep.equal([
      { type: 'setConfiguration', configurationValue: 1 },
      { type: 'setInterface', interfaceNumber: 1, alternateSetting: 2 },
    ]);
    const result = played.completion.tsUrbResult;
    if (result.name !== 'TS_URB_SELECT_CONFIGURATION_RESULT') throw new Error(result.name);
    // wMaxPacketSize 0x1400: two more transactions of 1024 bytes.
    expect(result.interfaces[1]!.pipes[0]).to.include({ endpointAddress: 0x83, maximumPacketSize: 3072, pipeType: 1 });
  });

  it('without a descriptor unconfigures the device, and its handles die', () => {
    const device = new ScriptedDevice();
    const handles = handlesOf(device.select());
    const played = device.in({ name: 'TS_URB_SELECT_CONFIGURATION', urbFunction: 0, interfaces: [] });
    expect(played.operations).to.deep.equal([{ type: 'setConfiguration', configurationValue: 0 }]);
    expect(played.completion.tsUrbResult).to.deep.equal({
      name: 'TS_URB_SELECT_CONFIGURATION_RESULT',
      usbdStatus: 0,
      configurationHandle: 0,
      interfaces: [],
    });
    expect(statusOf(readFrom(device, handles.get(0x81)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
  });

  it('refuses what the device does not have, before anything is done', () => {
    const unknown = Uint8Array.from(CONFIGURATION_1);
    unknown[5] = 9;
    const cases = [
      { interfaces: [], configurationDescriptor: unknown, usbdStatus: 0xc0000f00 },
      { interfaces: [], configurationDescriptor: Uint8Array.of(9, 2), usbdStatus: 0xc0000f00 },
      { interfaces: [[2, 0]], configurationDescriptor: CONFIGURATION_1, usbdStatus: 0xc0004000 },
      { interfaces: [[0, 9]], configurationDescriptor: CONFIGURATION_1, usbdStatus: 0xc0004000 },
      { interfaces: [[1, 0], [1, 1]], configurationDescriptor: CONFIGURATION_1, usbdStatus: 0x80000300 }, // prettier-ignore
    ];
    for (const { interfaces, configurationDescriptor, usbdStatus } of cases) {
      const played = new ScriptedDevice().in({
        name: 'TS_URB_SELECT_CONFIGURATION',
        urbFunction: 0,
        interfaces: interfaces.map(([interfaceNumber = 0, alternateSetting = 0]) => ({
          interfaceNumber,
          alternateSetting,
          pipes: [],
        })),
        configurationDescriptor,
      });
      expect(played.operations).to.deep.equal([]);
      expect(statusOf(played)).to.equal(usbdStatus);
      expect(played.completion.hResult).to.equal(0x80070057);
    }
  });

  it('keeps the old handles when the device refuses the configuration, not when it refuses an interface', () => {
    const device = new ScriptedDevice();
    const before = handlesOf(device.select());
    expect(statusOf(device.select({ 0: 0 }, () => stalled))).to.equal(UsbdStatus.USBD_STATUS_STALL_PID);
    expect(statusOf(readFrom(device, before.get(0x81)))).to.equal(0);

    const failing = device.select({ 0: 0, 1: 1 }, ({ type }) => (type === 'setInterface' ? stalled : ok()));
    expect(statusOf(failing)).to.equal(UsbdStatus.USBD_STATUS_STALL_PID);
    expect(statusOf(readFrom(device, before.get(0x81)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
  });

  it('gives the same handles to two devices with the same history', () => {
    const [one, two] = [new ScriptedDevice(), new ScriptedDevice()].map((device) => device.select().completion);
    expect(one).to.deep.equal(two);
  });

  it('leaves out a configuration whose descriptor cannot be read', () => {
    const device = new ScriptedDevice([CONFIGURATION_1.subarray(0, 8), CONFIGURATION_2]);
    expect(statusOf(device.select())).to.equal(UsbdStatus.USBD_STATUS_INVALID_CONFIGURATION_DESCRIPTOR);
  });
});

describe('SELECT_INTERFACE at the device, [MS-RDPEUSB] 2.2.9.3', () => {
  it('sets the interface and gives new pipes; the old ones of that interface are dead, others live (2.2.10.3)', () => {
    const device = new ScriptedDevice();
    const selected = device.select();
    const handles = handlesOf(selected);
    const again = device.selectInterface(configurationHandleOf(selected), 0, 0);
    expect(again.operations).to.deep.equal([{ type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 }]);
    const fresh = handlesOf(again);
    expect(fresh.get(0x81)).to.not.equal(handles.get(0x81));
    expect(statusOf(readFrom(device, handles.get(0x81)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
    expect(statusOf(readFrom(device, fresh.get(0x81)))).to.equal(0);
    expect(statusOf(readFrom(device, handles.get(0x85)))).to.equal(0);
  });

  it('refuses a stale configuration handle, an unknown interface and an unconfigured device', () => {
    const device = new ScriptedDevice();
    expect(statusOf(device.selectInterface(0, 0, 0))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
    const old = configurationHandleOf(device.select());
    const handle = configurationHandleOf(device.select());
    expect(statusOf(device.selectInterface(old, 1, 1))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
    expect(statusOf(device.selectInterface(handle, 1, 7))).to.equal(UsbdStatus.USBD_STATUS_INTERFACE_NOT_FOUND);
    expect(statusOf(device.selectInterface(handle, 1, 1))).to.equal(0);
  });

  it('keeps the old pipes when the device refuses', () => {
    const device = new ScriptedDevice();
    const selected = device.select();
    const played = device.selectInterface(configurationHandleOf(selected), 0, 0, () => stalled);
    expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_STALL_PID);
    expect(statusOf(readFrom(device, handlesOf(selected).get(0x81)))).to.equal(0);
  });

  it('fails when another configuration was selected meanwhile', () => {
    const device = new ScriptedDevice();
    const handle = configurationHandleOf(device.select());
    const played = device.selectInterface(handle, 1, 1, () => {
      device.in({
        name: 'TS_URB_SELECT_CONFIGURATION',
        urbFunction: 0,
        interfaces: [{ interfaceNumber: 0, alternateSetting: 0, pipes: [] }],
        configurationDescriptor: CONFIGURATION_2,
      });
      return ok();
    });
    expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
  });
});

describe('SET_CONFIGURATION and SET_INTERFACE by CONTROL_TRANSFER', () => {
  const control = (
    device: ScriptedDevice,
    bmRequestType: number,
    bRequest: number,
    wValue: number,
    wIndex: number,
    answers?: Answers,
  ) =>
    device.out(
      {
        name: 'TS_URB_CONTROL_TRANSFER',
        urbFunction: 8,
        pipeHandle: 0,
        transferFlags: 8,
        setupPacket: { bmRequestType, bRequest, wValue, wIndex, wLength: 0 },
      },
      EMPTY,
      answers,
    );

  it('become operations, and handles live on where the alternate setting stays in force', () => {
    const device = new ScriptedDevice();
    const handles = handlesOf(device.select({ 0: 0, 1: 1, 3: 0 }));
    const played = control(device, 0, 9, 1, 0);
    expect(played.operations).to.deep.equal([{ type: 'setConfiguration', configurationValue: 1 }]);
    expect(statusOf(readFrom(device, handles.get(0x81)))).to.equal(0);
    // Interface 1 fell back to alternate setting 0.
    expect(statusOf(readFrom(device, handles.get(0x83)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
  });

  it('leave all handles as they are when the device refuses', () => {
    const device = new ScriptedDevice();
    const handles = handlesOf(device.select());
    control(device, 0, 9, 2, 0, () => stalled);
    control(device, 1, 11, 1, 1, () => stalled);
    expect(statusOf(readFrom(device, handles.get(0x81)))).to.equal(0);
  });

  it('kill handles of another configuration and of another alternate setting', () => {
    const device = new ScriptedDevice();
    const handles = handlesOf(device.select({ 0: 0, 1: 1 }));
    const played = control(device, 1, 11, 2, 1);
    expect(played.operations).to.deep.equal([{ type: 'setInterface', interfaceNumber: 1, alternateSetting: 2 }]);
    expect(statusOf(readFrom(device, handles.get(0x83)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
    expect(statusOf(readFrom(device, handles.get(0x81)))).to.equal(0);
    control(device, 0, 9, 2, 0);
    expect(statusOf(readFrom(device, handles.get(0x81)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
  });

  it('to nothing that the descriptors know leave no handle alive', () => {
    const device = new ScriptedDevice();
    const handles = handlesOf(device.select({ 0: 0, 1: 1 }));
    control(device, 1, 11, 9, 1);
    expect(statusOf(readFrom(device, handles.get(0x83)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
    control(device, 0, 9, 0, 0);
    expect(statusOf(readFrom(device, handles.get(0x81)))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
  });

  it("SET_ADDRESS is refused: the address is its host's affair", () => {
    const played = control(new ScriptedDevice(), 0, 5, 3, 0);
    expect(played.operations).to.deep.equal([]);
    expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_NOT_SUPPORTED);
  });
});
