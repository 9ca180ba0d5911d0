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

class DescribedDevice implements Pick<UsbDevice, 'submit'> {
  readonly asked: string[] = [];
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  submit: UsbDevice['submit'] = (operation, complete) => {
    if (operation.type !== 'control') throw new Error('not expected');
    const { wValue, wLength } = operation.setup;
    const key = `${wValue >> 8}.${wValue & 0xff}`;
    this.asked.push(`${key} ${wLength}`);
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

async function describe1(answers: Answers) {
  const fake = new DescribedDevice(answers);
  const problems: string[] = [];
  const description = await describeDevice(fake, announcement, (problem) => problems.push(problem.message));
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

  it('a ninth configuration is not read, and leaves none unreadable: what is not read cannot be selected', async () => {
    const good = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`2.${index}`, bytes(CONFIGURATION)]));
    const described = await describe1({ '1.0': device(9), ...good });
    expect(described.configurations).to.have.length(8);
    expect(policyDevice(described)).to.include({ hasUnreadableInterfaces: false });
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
    const { asked } = await describe1({ '1.0': device(1), '2.0': bytes(CONFIGURATION), '3.1': 'timedOut' });
    expect(asked.filter((each) => each.startsWith('3.'))).to.have.length(1);
  });
});
