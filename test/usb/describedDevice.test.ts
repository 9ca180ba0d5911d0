import { expect } from 'chai';
import type { UsbOperation } from '../../src/ports/usb.ts';
import { DescribedDevice, DescriptorMemory } from '../../src/usb/describedDevice.ts';
import { readDescription } from '../../src/usb/readDescription.ts';
import { resultOf } from '../../src/usb/results.ts';
import { bytes, CONFIGURATION_1, DEVICE_DESCRIPTOR, FakeUsbDevice } from '../hosts/fakeUsbDevice.ts';

const BOS = bytes('05 0f 0c 00 01 07 10 02 02 00 00 00');

const control = (
  bmRequestType: number,
  bRequest: number,
  wValue: number,
  wLength: number,
  wIndex = 0,
): UsbOperation => ({
  type: 'control',
  setup: { bmRequestType, bRequest, wValue, wIndex, wLength },
  data: new Uint8Array(0),
  timeout: 0,
});
const get = (type: number, wLength: number, index = 0, language = 0) =>
  control(0x80, 6, (type << 8) | index, wLength, language);

/** A device of which all is known, and what has reached it since. */
async function described() {
  const fake = new FakeUsbDevice((operation) => {
    if (operation.type !== 'control') return resultOf('completed');
    const { wValue, wLength } = operation.setup;
    const text = (value: string) => Uint8Array.of(2 + 2 * value.length, 3, ...Buffer.from(value, 'utf16le'));
    const found: Record<number, Uint8Array> = {
      ...{ 0x100: DEVICE_DESCRIPTOR, 0x200: CONFIGURATION_1, 0x300: bytes('04 03 09 04'), 0xf00: BOS },
      ...{ 0x301: text('Maker'), 0x302: text('Thing'), 0x304: text('Everyday') },
    };
    const descriptor = found[wValue];
    return descriptor === undefined ? resultOf('stalled') : resultOf('completed', descriptor.slice(0, wLength));
  });
  const memory = new DescriptorMemory();
  const submit: FakeUsbDevice['submit'] = (operation, complete) =>
    fake.submit(operation, (result) => {
      memory.note(operation, result);
      complete(result);
    });
  const problems: Error[] = [];
  await readDescription({ submit }, 'it', (problem) => problems.push(problem));
  fake.submitted.length = 0;
  const device = new DescribedDevice(fake, memory);
  const ask = (operation: UsbOperation) => {
    const answers: string[] = [];
    device.submit(operation, ({ status, data }) => answers.push(`${status} ${data.byteLength}`));
    return answers[0];
  };
  return { fake, device, ask };
}

describe('described device', () => {
  it('answers what an operating system asks of a new device, without the device', async () => {
    const { fake, ask } = await described();
    expect(ask(control(0x00, 49, 40, 0))).to.equal('completed 0');
    expect(ask(get(15, 5))).to.equal('completed 5');
    expect(ask(get(15, 12))).to.equal('completed 12');
    expect(ask(get(3, 255))).to.equal('completed 4');
    expect(ask(get(3, 255, 1, 0x409))).to.equal('completed 12');
    expect(ask(get(3, 255, 4, 0x409))).to.equal('completed 18');
    expect(fake.submitted).to.deep.equal([]);
  });

  it('refuses a string that the device refused, and asks for one in another language', async () => {
    const { fake, ask } = await described();
    expect(ask(get(3, 255, 3, 0x409))).to.equal('stalled 0');
    expect(fake.submitted).to.have.lengthOf(0);
    expect(ask(get(3, 255, 1, 0x407))).to.equal('completed 12');
    expect(fake.submitted).to.have.lengthOf(1);
  });

  it('leaves device and configuration descriptors to who compares them', async () => {
    const { fake, ask } = await described();
    ask(get(1, 18));
    ask(get(2, 9));
    expect(fake.submitted).to.have.lengthOf(2);
  });

  it('asks the device for what it was not asked, such as string 0xEE', async () => {
    const { fake, ask } = await described();
    expect(ask(get(3, 18, 0xee))).to.equal('stalled 0');
    expect(fake.submitted).to.have.lengthOf(1);
  });

  for (const [what, operation] of Object.entries<UsbOperation>({
    SET_CONFIGURATION: control(0x00, 9, 1, 0),
    'a selected configuration': { type: 'setConfiguration', configurationValue: 1 },
    'a reset': { type: 'resetDevice' },
    'a cycled port': { type: 'cyclePort' },
    'a transfer': { type: 'transferIn', endpointAddress: 0x81, length: 8 },
    'a request of a vendor': control(0xc0, 1, 0, 0),
    'a request of a class': control(0x21, 10, 0, 0),
  })) {
    it(`asks the device itself after ${what}`, async () => {
      const { fake, ask } = await described();
      ask(operation);
      fake.submitted.length = 0;
      ask(get(3, 255));
      expect(fake.submitted).to.have.lengthOf(1);
    });
  }

  it('asks the device itself after it was closed, and not after a question about the bus', async () => {
    const { fake, device, ask } = await described();
    ask({ type: 'queryBus', query: 'frameNumber' });
    fake.submitted.length = 0;
    ask(get(3, 255));
    expect(fake.submitted).to.have.lengthOf(0);
    await device.close();
    ask(get(3, 255));
    expect(fake.submitted).to.have.lengthOf(1);
  });

  it('answers after the requests before it that are at the device', async () => {
    const { fake, device } = await described();
    fake.answer = () => undefined;
    const order: string[] = [];
    device.submit(get(3, 18, 0xee), () => order.push('asked'));
    device.submit(get(3, 255), () => order.push('known'));
    expect(order).to.deep.equal([]);
    fake.given[0]?.complete(resultOf('stalled'));
    expect(order).to.deep.equal(['asked', 'known']);
  });
});
