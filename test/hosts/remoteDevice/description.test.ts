import { expect } from 'chai';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { bytes, CONFIGURATION_2, FakeUsbDevice, result, standardAnswers } from '../fakeUsbDevice.ts';

describe('what RemoteDevice tells of a device', () => {
  it('ids, classes, and versions split as 0xJJMN', () => {
    const device = new RemoteDevice(
      new FakeUsbDevice(undefined, { deviceClass: 0xef, deviceSubclass: 2, deviceProtocol: 1 }),
    );
    expect(device).to.include({
      vendorId: 0x46f4,
      productId: 1,
      usbVersionMajor: 2,
      usbVersionMinor: 1,
      usbVersionSubminor: 0,
      deviceVersionMajor: 0x12,
      deviceVersionMinor: 3,
      deviceVersionSubminor: 4,
      deviceClass: 0xef,
      deviceSubclass: 2,
      deviceProtocol: 1,
      opened: false,
    });
  });

  it('configurations, interfaces, alternates and endpoints, and names once it was opened', async () => {
    const device = new RemoteDevice(new FakeUsbDevice());
    expect(device.configurations[0]?.configurationName).to.equal(null);
    await device.open();
    expect(JSON.parse(JSON.stringify(device.configurations))).to.deep.equal([
      {
        configurationValue: 1,
        configurationName: 'Everyday',
        interfaces: [
          {
            interfaceNumber: 0,
            claimed: false,
            alternate: vendorInterface,
            alternates: [vendorInterface],
          },
          {
            interfaceNumber: 1,
            claimed: false,
            alternate: { ...audioInterface, alternateSetting: 0, interfaceName: null, endpoints: [] },
            alternates: [
              { ...audioInterface, alternateSetting: 0, interfaceName: null, endpoints: [] },
              audioInterface,
            ],
          },
        ],
      },
      {
        configurationValue: 2,
        configurationName: null,
        interfaces: [
          { interfaceNumber: 0, claimed: false, alternate: storageInterface, alternates: [storageInterface] },
        ],
      },
    ]);
  });

  it('the same objects before and after, so that they can be kept', async () => {
    const device = new RemoteDevice(new FakeUsbDevice());
    const [first] = device.configurations;
    const audio = first?.interfaces[1];
    await device.open();
    await device.claimInterface(1);
    expect(audio?.claimed).to.equal(true);
    await device.selectAlternateInterface(1, 1);
    expect(audio?.alternate).to.equal(audio?.alternates[1]);
    expect(device.configuration).to.equal(first);
    await device.releaseInterface(1);
    expect(audio?.alternate).to.equal(audio?.alternates[0]);
    await device.claimInterface(1);
    await device.close();
    expect(audio?.claimed).to.equal(false);
  });

  it('the first configuration is selected by open, unless another one or none is wanted', async () => {
    for (const [options, selected] of [
      [{}, 1],
      [{ initialConfiguration: 2 }, 2],
      [{ initialConfiguration: null }, undefined],
      [{ initialConfiguration: 9 }, undefined],
    ] as const) {
      const port = new FakeUsbDevice();
      const device = new RemoteDevice(port, options);
      expect(device.configuration?.configurationValue).to.equal(selected);
      await device.open();
      const values = port.submitted.map((each) => each.type === 'setConfiguration' && each.configurationValue);
      expect(values.filter((value) => value !== false)).to.deep.equal(selected === undefined ? [] : [selected]);
    }
  });

  it('manufacturer, product and serial number are read by open', async () => {
    const device = new RemoteDevice(new FakeUsbDevice());
    expect(device).to.include({ manufacturerName: null, productName: null, serialNumber: null });
    await device.open();
    expect(device).to.include({ manufacturerName: 'Maker', productName: 'Thing', serialNumber: 'S/N 1' });
  });

  it('names that came with the device are not read again', async () => {
    const names = { manufacturerName: 'A', productName: 'B', serialNumber: 'C' };
    const port = new FakeUsbDevice(undefined, names);
    const device = new RemoteDevice(port);
    expect(device).to.include(names);
    await device.open();
    const indexes = port.submitted.flatMap((each) => (each.type === 'control' ? [each.setup.wValue & 0xff] : []));
    expect(indexes).to.have.members([0, 4, 5, 6]);
  });

  it('a device that refuses or garbles its strings has none, and opens', async () => {
    const answers = [
      () => result('stalled'),
      () => result('timedOut'),
      () => result('completed', bytes('04')),
      () => result('completed', bytes('04 09 09 04')),
      () => result('completed', bytes('02 03')),
    ];
    for (const answer of answers) {
      const port = new FakeUsbDevice((operation) =>
        operation.type === 'control' ? answer() : standardAnswers(operation),
      );
      const device = new RemoteDevice(port);
      await device.open();
      expect(device).to.include({ opened: true, productName: null });
    }
  });

  it('strings are asked for in English where there is English, else in the first language', async () => {
    for (const [languages, chosen] of [
      ['08 03 07 04 09 04 0c 04', 0x0409],
      ['06 03 07 04 0c 04', 0x0407],
    ] as const) {
      const port = new FakeUsbDevice((operation) =>
        operation.type === 'control' && operation.setup.wValue === 0x0300
          ? result('completed', bytes(languages))
          : standardAnswers(operation),
      );
      await new RemoteDevice(port).open();
      const last = port.submitted.at(-1);
      expect(last?.type === 'control' && last.setup.wIndex).to.equal(chosen);
    }
  });

  it('a malformed configuration is left out, the others are there', () => {
    const port = new FakeUsbDevice();
    port.configurationDescriptors = [bytes('09 02 09 00 01 01 00 80'), CONFIGURATION_2, bytes('')];
    port.deviceDescriptor = bytes('12 01');
    const device = new RemoteDevice(port);
    expect(device.configurations.map((each) => each.configurationValue)).to.deep.equal([2]);
    expect(device.productName).to.equal(null);
  });

  it('a device without configurations opens and says what is missing', async () => {
    const port = new FakeUsbDevice();
    port.configurationDescriptors = [];
    const device = new RemoteDevice(port);
    await device.open();
    expect(device.configuration).to.equal(null);
    const error = await device.selectConfiguration(1).catch((caught: unknown) => caught as Error);
    expect(error).to.include({
      name: 'NotFoundError',
      message: 'selectConfiguration(1): there is no such configuration; use one of: none',
    });
  });
});

const vendorInterface = {
  alternateSetting: 0,
  interfaceClass: 0xff,
  interfaceSubclass: 1,
  interfaceProtocol: 2,
  interfaceName: 'Data',
  endpoints: [
    { endpointNumber: 1, direction: 'in', type: 'bulk', packetSize: 512 },
    { endpointNumber: 2, direction: 'out', type: 'bulk', packetSize: 512 },
    { endpointNumber: 3, direction: 'in', type: 'interrupt', packetSize: 8 },
  ],
};
const audioInterface = {
  alternateSetting: 1,
  interfaceClass: 1,
  interfaceSubclass: 2,
  interfaceProtocol: 0,
  interfaceName: 'Sound',
  endpoints: [
    { endpointNumber: 4, direction: 'in', type: 'isochronous', packetSize: 192 },
    { endpointNumber: 5, direction: 'out', type: 'isochronous', packetSize: 192 },
  ],
};
const storageInterface = {
  alternateSetting: 0,
  interfaceClass: 8,
  interfaceSubclass: 6,
  interfaceProtocol: 0x50,
  interfaceName: null,
  endpoints: [{ endpointNumber: 1, direction: 'out', type: 'bulk', packetSize: 512 }],
};
