import { expect } from 'chai';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import { describeDevice } from '../../src/engine/describeDevice.ts';
import { policyDevice } from '../../src/policy/policyDevice.ts';
import type { UsbDevice, UsbResult } from '../../src/ports/usb.ts';

const DEVICE = '1201000200000040341278560001010203';
const CONFIGURATION = '0902200001010080320904000002ff0000000705810200020007050202000200';
const EMPTY = new Uint8Array(0);

const announcement: AddDevice = {
  name: 'ADD_DEVICE',
  interfaceId: 1,
  messageId: 0,
  usbDevice: 5,
  deviceInstanceId: 'USB\\VID_1234&PID_5678\\7',
  hardwareIds: [],
  compatibilityIds: [],
  containerId: '',
  usbDeviceCapabilities: {
    usbBusInterfaceVersion: 2,
    usbdiVersion: 0x600,
    supportedUsbVersion: 0x200,
    hcdCapabilities: 0,
    deviceIsHighSpeed: 1,
    noAckIsochWriteJitterBufferSizeInMs: 0,
  },
};

/** What a device answers to GET_DESCRIPTOR: bytes (cut to wLength), or how it fails. Keys are `type.index`. */
type Answers = Readonly<Record<string, Uint8Array | UsbResult['status']>>;

const languages = (...ids: number[]) =>
  Uint8Array.of(2 + 2 * ids.length, 3, ...ids.flatMap((id) => [id & 0xff, id >> 8]));
const text = (value: string) => Uint8Array.of(2 + 2 * value.length, 3, ...Buffer.from(value, 'utf16le'));

class DescribedDevice implements Pick<UsbDevice, 'submit'> {
  readonly asked: string[] = [];
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  submit: UsbDevice['submit'] = (operation, complete) => {
    if (operation.type !== 'control') throw new Error('not expected');
    const { wValue, wIndex, wLength } = operation.setup;
    const key = `${wValue >> 8}.${wValue & 0xff}`;
    this.asked.push(`${key}${wIndex === 0 ? '' : `@${wIndex.toString(16)}`} ${wLength}`);
    const answer = this.#answers[key] ?? 'stalled';
    const [status, data] =
      typeof answer === 'string' ? [answer, EMPTY] : ['completed' as const, answer.subarray(0, wLength)];
    complete({ status, data, transferred: data.byteLength });
    return { cancel() {} };
  };
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const device = (configurations: number) => bytes(DEVICE + configurations.toString(16).padStart(2, '0'));
/** A configuration descriptor whose wTotalLength is `totalLength`. */
const lying = (totalLength: number) => {
  const descriptor = bytes(CONFIGURATION);
  new DataView(descriptor.buffer).setUint16(2, totalLength, true);
  return descriptor;
};

async function describe1(answers: Answers, told: 'isSpeed' | 'isVersion' = 'isVersion', capabilities: object = {}) {
  const fake = new DescribedDevice(answers);
  const problems: string[] = [];
  const usbDeviceCapabilities = { ...announcement.usbDeviceCapabilities, ...capabilities };
  const announced = { ...announcement, usbDeviceCapabilities };
  const description = await describeDevice(fake, announced, told, (problem) => problems.push(problem.message));
  return { ...description, problems, asked: fake.asked };
}

describe('describing a device that has arrived', () => {
  it('takes one that gives nothing optional: no strings', async () => {
    const { identity, configurationDescriptors, problems } = await describe1({
      '1.0': device(1),
      '2.0': bytes(CONFIGURATION),
    });
    expect(identity).to.include({ vendorId: 0x1234, productId: 0x5678, speed: 'high' });
    expect(identity).not.to.have.any.keys('manufacturerName', 'productName', 'serialNumber');
    expect(configurationDescriptors).to.have.length(1);
    expect(problems).to.deep.equal([]);
  });

  it('reads names in the language that the device has, [USB 2.0] 9.6.7', async () => {
    const { identity, asked } = await describe1({
      '1.0': device(1),
      '2.0': bytes(CONFIGURATION),
      ...{ '3.0': languages(0x0407), '3.1': text('Hersteller'), '3.2': text('Ger\u00e4t \0x'), '3.3': text('  ') },
    });
    expect(identity).to.include({ manufacturerName: 'Hersteller', productName: 'Ger\u00e4t' });
    expect(identity).not.to.have.any.keys('serialNumber');
    expect(asked.slice(-3)).to.deep.equal(['3.1@407 255', '3.2@407 255', '3.3@407 255']);
  });

  it('owns the descriptors: they do not share the memory of the messages that brought them', async () => {
    const message = Buffer.concat([Buffer.alloc(8), device(1)]);
    const { deviceDescriptor, configurationDescriptors } = await describe1({
      '1.0': message.subarray(8),
      '2.0': Buffer.from(CONFIGURATION, 'hex'),
    });
    message.fill(0xff);
    expect(deviceDescriptor).to.deep.equal(device(1));
    expect(deviceDescriptor.buffer.byteLength).to.equal(18);
    expect(configurationDescriptors[0]?.buffer.byteLength).to.equal(32);
  });

  for (const [what, answers] of Object.entries<Answers>({
    'stalls its configuration descriptor': {},
    'gives 3 bytes of its configuration descriptor': { '2.0': bytes(CONFIGURATION).subarray(0, 3) },
    'gives a descriptor of another type': { '2.0': device(1) },
  })) {
    it(`takes one that ${what}, without the configuration, and says so`, async () => {
      const { identity, configurationDescriptors, problems } = await describe1({ '1.0': device(1), ...answers });
      expect(identity.vendorId).to.equal(0x1234);
      expect(configurationDescriptors).to.have.length(1);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(/^USB\\VID_1234&PID_5678\\7: configuration descriptor 0 /);
    });
  }

  for (const [what, answer, interfaceCount] of [
    ['says wTotalLength 65535 and gives 32 bytes', lying(0xffff), 1],
    ['says wTotalLength 0', lying(0), 0],
    ['gives a bLength of 0 inside', bytes(CONFIGURATION).fill(0, 9), 0],
    ['gives an endpoint of 5 bytes', bytes(CONFIGURATION).fill(5, 18, 19), 1],
  ] as const) {
    it(`takes one that ${what}, with what can be read of the configuration, and says so`, async () => {
      const { identity, configurations, problems } = await describe1({ '1.0': device(1), '2.0': answer });
      expect(identity.vendorId).to.equal(0x1234);
      expect(configurations.map(({ interfaces }) => interfaces.length)).to.deep.equal([interfaceCount]);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(/^USB\\VID_1234&PID_5678\\7: configuration descriptor 0 is malformed: /);
    });
  }

  it('a ninth configuration is not read and cannot be selected, and rules count its interfaces as unreadable', async () => {
    const good = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`2.${index}`, bytes(CONFIGURATION)]));
    const described = await describe1({ '1.0': device(9), ...good });
    expect(described.configurations).to.have.length(8);
    expect(policyDevice(described)).to.include({ hasUnreadableInterfaces: true });
  });

  it('takes the configurations that are good, in index order', async () => {
    const second = bytes(CONFIGURATION);
    second[5] = 2;
    const { configurationDescriptors, problems } = await describe1({ '1.0': device(2), '2.1': second });
    expect(configurationDescriptors.map((each) => each.byteLength)).to.deep.equal([0, 32]);
    expect(problems).to.have.length(1);
  });

  it('asks for no more than 8 configurations, as Linux does', async () => {
    const { configurationDescriptors, problems, asked } = await describe1({ '1.0': device(255) });
    expect(configurationDescriptors).to.have.length(8);
    expect(asked.length).to.be.lessThan(20);
    expect(problems[0]).to.equal('USB\\VID_1234&PID_5678\\7: 255 configurations, of which 8 are read');
  });

  /** Two bulk endpoints of this packet size, or none. */
  const bulk = (size?: number) => {
    const descriptor = bytes(CONFIGURATION);
    const view = new DataView(descriptor.buffer);
    for (const at of [18, 25]) {
      view.setUint16(at + 4, size ?? 8, true);
      if (size === undefined) descriptor[at + 3] = 3;
    }
    return descriptor;
  };
  const ofVersion = (bcdUSB: number, bMaxPacketSize0 = 64) => {
    const descriptor = device(1);
    new DataView(descriptor.buffer).setUint16(2, bcdUSB, true);
    descriptor[7] = bMaxPacketSize0;
    return descriptor;
  };

  for (const [what, told, isHigh, supported, descriptor, size, speed] of [
    ['a high-speed device with bulk packets of 64 bytes', 'isSpeed', 1, 0x200, ofVersion(0x200), 64, 'high'],
    ['a full-speed device of USB 2.0', 'isSpeed', 0, 0x200, ofVersion(0x200), 64, 'full'],
    ['a full-speed device without bulk endpoints', 'isSpeed', 0, 0x200, ofVersion(0x200), undefined, 'full'],
    ['a device with an endpoint 0 of 2^9 bytes', 'isSpeed', 1, 0x200, ofVersion(0x300, 9), undefined, 'super'],
    ['a device of USB 3.2 with bulk packets of 1024 bytes', 'isSpeed', 1, 0x320, ofVersion(0x320), 1024, 'super'],
    ['a device of USB 3.0 in a high-speed socket', 'isSpeed', 1, 0x300, ofVersion(0x300), 512, 'high'],
    ['from FreeRDP, bulk packets of 64 bytes', 'isVersion', 1, 0x200, ofVersion(0x200), 64, 'full'],
    ['from FreeRDP, bulk packets of 512 bytes', 'isVersion', 1, 0x200, ofVersion(0x200), 512, 'high'],
    ['from FreeRDP, no bulk endpoints and USB 1.1', 'isVersion', 0, 0x110, ofVersion(0x110), undefined, 'full'],
    [
      'from FreeRDP, no bulk endpoints and an endpoint 0 of 8 bytes',
      'isVersion',
      1,
      0x200,
      ofVersion(0x200, 8),
      undefined,
      'full',
    ],
    ['from FreeRDP, an endpoint 0 of 2^9 bytes', 'isVersion', 1, 0x300, ofVersion(0x300, 9), undefined, 'super'],
  ] as const) {
    it(`speed: ${what}: ${speed}`, async () => {
      const capabilities = { deviceIsHighSpeed: isHigh, supportedUsbVersion: supported };
      const { identity, asked } = await describe1({ '1.0': descriptor, '2.0': bulk(size) }, told, capabilities);
      expect(identity.speed).to.equal(speed);
      expect(asked).not.to.include('6.0 10');
    });
  }

  for (const [what, answer, speed] of [
    ['has a device qualifier', bytes('0a060002000000400100'), 'high'],
    ['refuses its device qualifier', 'stalled', 'full'],
    ['does not say whether it has a device qualifier', 'timedOut', 'high'],
  ] as const) {
    it(`speed: from FreeRDP, no bulk endpoints and USB 2.0, a device that ${what}, [USB 2.0] 9.6.2: ${speed}`, async () => {
      const { identity, asked } = await describe1({ '1.0': ofVersion(0x200), '2.0': bulk(), '6.0': answer });
      expect(identity.speed).to.equal(speed);
      expect(asked.filter((each) => each.startsWith('6.'))).to.deep.equal(['6.0 10']);
    });
  }

  for (const [what, answer] of Object.entries<Uint8Array | UsbResult['status']>({
    stalled: 'stalled',
    'timed out': 'timedOut',
    'cut short': device(1).subarray(0, 8),
    'of another type': bytes(CONFIGURATION),
  })) {
    it(`refuses one whose device descriptor is ${what}, in one line that names it`, async () => {
      const error = await describe1({ '1.0': answer, '2.0': bytes(CONFIGURATION) }).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Error);
      expect((error as Error).message).to.match(/^USB\\VID_1234&PID_5678\\7: .*device descriptor/i);
      expect((error as Error).message).not.to.contain('\n');
    });
  }

  it('does not go on asking a client that no longer answers', async () => {
    const error = await describe1({ '1.0': device(8), '2.0': 'timedOut' }).catch((reason: unknown) => reason);
    expect((error as Error).message).to.contain('no answer');
    const { asked } = await describe1({ '1.0': device(1), '2.0': bytes(CONFIGURATION), '3.0': 'timedOut' });
    expect(asked.filter((each) => each.startsWith('3.'))).to.have.length(1);
  });
});
