import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { NAMED_DEVICES, virtualDevice } from '../../../src/devices/virtual/namedDevices.ts';
import { VirtualClock } from '../virtualClock.ts';

const clock = new VirtualClock();
const refusal = (name: string, readOnly = false) =>
  virtualDevice(name, { clock, readOnly }).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('virtual devices by name', () => {
  const expected: Record<string, string> = {
    keyboard: '1209:0002',
    mouse: '1209:0003',
    serial: '1209:0004',
    audio: '1209:0005',
    composite: '1209:0006',
    webcam: '1209:0007',
    headset: '1209:0008',
    'headset:uac1': '1209:0009',
    'headset:loopback': '1209:000a',
    fx2: '0547:1002',
    'gadget-zero': '0525:a4a0',
  };

  it('lists what it can make', () => {
    expect(NAMED_DEVICES.map(({ name }) => name)).to.have.members(['stick:IMAGE', ...Object.keys(expected)]);
  });

  for (const [name, id] of Object.entries(expected)) {
    it(`${name} is ${id}`, async () => {
      const { identity } = await virtualDevice(name, { clock });
      const hex = (value: number) => value.toString(16).padStart(4, '0');
      expect(`${hex(identity.vendorId)}:${hex(identity.productId)}`).to.equal(id);
      expect(identity.productName).to.be.a('string');
    });
  }

  it('no two devices have the same ids', () => {
    expect(new Set(Object.values(expected)).size).to.equal(Object.keys(expected).length);
  });

  it('stick:IMAGE has its blocks in a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'named-'));
    const image = join(folder, 'stick.img');
    await writeFile(image, new Uint8Array(4096));
    const stick = await virtualDevice(`stick:${image}`, { clock, readOnly: true });
    expect(stick.identity).to.deep.include({ vendorId: 0x1209, productId: 0x0001 });
    await stick.dispose();
    await rm(folder, { recursive: true });
    expect(await refusal(`stick:${image}`)).to.be.instanceOf(Error);
  });

  it('says what there is when it is asked for something else', async () => {
    const error = await refusal('toaster');
    expect(error).to.be.instanceOf(UsageError);
    expect(error).to.have.property(
      'message',
      'there is no virtual device "toaster": use one of ' + NAMED_DEVICES.map(({ name }) => name).join(', '),
    );
    expect(await refusal('stick:')).to.be.instanceOf(UsageError);
  });

  it('only a stick can be read-only', async () => {
    expect(await refusal('mouse', true)).to.have.property(
      'message',
      'virtual device mouse: only stick:IMAGE can be read-only',
    );
  });
});
