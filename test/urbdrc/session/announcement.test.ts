import { expect } from 'chai';
import { announcementOf, configuration, identity } from './pair.ts';

/** Two interfaces of classes 03 and 08, the second with an isochronous endpoint. */
const composite = Buffer.from('09022200020100803209040000000301010009040100010806500007058101400001', 'hex');

describe('ADD_DEVICE as this client sends it (MS-RDPEUSB 2.2.4.2, 2.2.11)', () => {
  it('has the hardware and compatibility ids by which Windows matches a plain device', () => {
    const { addDevice } = announcementOf(identity, configuration);
    expect(addDevice.hardwareIds).to.deep.equal(['USB\\VID_46F4&PID_0001&REV_0100', 'USB\\VID_46F4&PID_0001']);
    expect(addDevice.compatibilityIds).to.deep.equal([
      'USB\\Class_FF&SubClass_00&Prot_00',
      'USB\\Class_FF&SubClass_00',
      'USB\\Class_FF',
    ]);
  });

  it('calls a device with two interfaces and device class 0 composite', () => {
    const { addDevice } = announcementOf(identity, composite);
    expect(addDevice.compatibilityIds).to.deep.equal([
      'USB\\DevClass_00&SubClass_00&Prot_00',
      'USB\\DevClass_00&SubClass_00',
      'USB\\DevClass_00',
      'USB\\COMPOSITE',
    ]);
    expect(addDevice.usbDeviceCapabilities.noAckIsochWriteJitterBufferSizeInMs).to.be.within(10, 512);
  });

  for (const [usbVersion, speed, supported, isHigh] of [
    [0x0100, 'low', 0x100, 0],
    [0x0110, 'full', 0x110, 0],
    [0x0200, 'full', 0x200, 0],
    [0x0210, 'high', 0x200, 1],
    [0x0320, 'superPlus', 0x200, 1],
  ] as const) {
    it(`tells USB ${usbVersion.toString(16)} at ${speed} speed within the allowed values`, () => {
      const { usbDeviceCapabilities } = announcementOf({ ...identity, usbVersion, speed }, configuration).addDevice;
      expect(usbDeviceCapabilities).to.include({ supportedUsbVersion: supported, deviceIsHighSpeed: isHigh });
    });
  }

  it('has ids that are stable for one unit and differ between units and between ports', () => {
    const ids = (change: object) => {
      const { deviceInstanceId, containerId } = announcementOf({ ...identity, ...change }, configuration).addDevice;
      return `${deviceInstanceId} ${containerId}`;
    };
    expect(ids({})).to.equal(ids({ deviceAddress: 9 }));
    expect(ids({ serialNumber: 'A' })).to.equal(ids({ serialNumber: 'A', portPath: '3-1' }));
    const all = [{}, { portPath: '1-3.3' }, { portPath: '2-2.3' }, { serialNumber: 'A' }, { serialNumber: 'B' }].map(
      ids,
    );
    expect(new Set(all).size).to.equal(all.length);
  });

  it('tells devices with one serial number apart by their port, and at one port by UsbDevice', () => {
    const taken = new Set<string>();
    const ids = [
      [5, '1-1'],
      [6, '1-2'],
      [7, '1-2'],
    ].map(([usbDevice, portPath]) => {
      const change = { ...identity, serialNumber: '0123456789ABCDEF', portPath: String(portPath) };
      const { addDevice } = announcementOf(change, configuration, Number(usbDevice), taken);
      taken.add(addDevice.deviceInstanceId);
      return addDevice;
    });
    expect(ids.map(({ deviceInstanceId }) => deviceInstanceId)).to.deep.equal([
      'USB\\VID_46F4&PID_0001\\0123456789ABCDEF',
      'USB\\VID_46F4&PID_0001\\0123456789ABCDEF@1-2',
      'USB\\VID_46F4&PID_0001\\0123456789ABCDEF@1-2@7',
    ]);
    expect(new Set(ids.map(({ containerId }) => containerId)).size).to.equal(3);
  });

  it('takes a blank serial number or name for none', () => {
    const blank = announcementOf({ ...identity, serialNumber: ' ', productName: '  ' }, configuration);
    const { serialNumber: _, productName: __, ...none } = identity;
    expect(blank).to.deep.equal(announcementOf(none, configuration));
  });

  it('writes the container id as a GUID in braces', () => {
    const { containerId } = announcementOf(identity, configuration).addDevice;
    expect(containerId).to.match(/^\{[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\}$/);
  });

  it('keeps separators and controls of a serial number out of the instance id', () => {
    const { deviceInstanceId } = announcementOf(
      { ...identity, serialNumber: 'a\\b,c \u00e9\u0001' },
      configuration,
    ).addDevice;
    expect(deviceInstanceId).to.equal('USB\\VID_46F4&PID_0001\\a_b_c___');
  });

  it('has a description for a device without a product name', () => {
    const { productName: _, ...nameless } = identity;
    expect(announcementOf(nameless, configuration).description).to.equal('USB device 46F4:0001');
  });
});
