import { expect } from 'chai';
import fc from 'fast-check';
import type { UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { readStrings } from '../../src/usb/deviceStrings.ts';
import { resultOf } from '../../src/usb/results.ts';

const LANGUAGES = Uint8Array.of(4, 3, 0x09, 0x04);
const descriptor = (text: string) => Uint8Array.of(2 + 2 * text.length, 3, ...Buffer.from(text, 'utf16le'));

/** Reads strings 1 to 3; `answer` has what the device does about string `index` when it is asked for `length` bytes. */
async function read(answer: (index: number, length: number, language: number) => UsbResult) {
  const asked: string[] = [];
  const run = (operation: UsbOperation) => {
    if (operation.type !== 'control') throw new Error('only control requests are expected');
    const { wValue, wIndex, wLength } = operation.setup;
    asked.push(`${wValue & 0xff} ${wLength}`);
    return Promise.resolve(answer(wValue & 0xff, wLength, wIndex));
  };
  const strings = await readStrings(run, [1, 2, 3, 0, 1], 1000);
  return { strings: Object.fromEntries(strings), asked };
}

const whole = (index: number, length: number) =>
  resultOf('completed', (index === 0 ? LANGUAGES : descriptor(`text ${index}`)).subarray(0, length));

describe('strings of a device, [USB 2.0] 9.6.7', () => {
  it('are each read once', async () => {
    const { strings, asked } = await read(whole);
    expect(strings).to.deep.equal({ 1: 'text 1', 2: 'text 2', 3: 'text 3' });
    expect(asked).to.deep.equal(['0 255', '1 255', '2 255', '3 255']);
  });

  it('end at the first NUL, and are nothing when they are blank', async () => {
    const texts = ['', 'A1\0\0rest', ' \t ', '\0 behind'];
    const { strings } = await read((index, length) =>
      index === 0 ? whole(0, length) : resultOf('completed', descriptor(texts[index] ?? '')),
    );
    expect(strings).to.deep.equal({ 1: 'A1' });
  });

  for (const refusal of [resultOf('stalled'), resultOf('failed'), resultOf('completed', Uint8Array.of(4))]) {
    it(`are asked for by their length of a device that answers 255 with ${refusal.status}, ${refusal.data.length} bytes`, async () => {
      const { strings, asked } = await read((index, length) => (length === 255 ? refusal : whole(index, length)));
      expect(strings).to.deep.equal({ 1: 'text 1', 2: 'text 2', 3: 'text 3' });
      expect(asked.filter((each) => each.startsWith('0 '))).to.deep.equal(['0 255', '0 2', '0 4']);
      expect(asked.filter((each) => each.startsWith('2 '))).to.deep.equal(['2 255', '2 2', '2 14']);
    });
  }

  for (const status of ['timedOut', 'disconnected', 'cancelled', 'stalled'] as const) {
    it(`are not asked for when the languages end as ${status}`, async () => {
      const { strings, asked } = await read(() => resultOf(status));
      expect(strings).to.deep.equal({});
      expect(asked).to.deep.equal(status === 'stalled' ? ['0 255', '0 2'] : ['0 255']);
    });
  }

  it('of a device that answers anything are visible texts, in at most three requests each', async () => {
    const answers = fc.oneof(
      fc.uint8Array({ maxLength: 255 }).map((data) => resultOf('completed', data)),
      fc
        .uint8Array({ maxLength: 253 })
        .map((data) => resultOf('completed', Uint8Array.of(data.length + 2, 3, ...data))),
      fc.constantFrom('stalled', 'failed', 'overflowed', 'timedOut').map((status) => resultOf(status)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 12 }), async (given) => {
        let turn = 0;
        const { strings, asked } = await read(() => given[turn++ % given.length] ?? resultOf('stalled'));
        expect(asked).to.have.length.at.most(12);
        for (const text of Object.values(strings)) {
          expect(text).to.have.length.within(1, 126);
          expect(text).not.to.include('\0');
          expect(text.trim()).to.equal(text);
        }
      }),
    );
  });

  it('one that is not answered is not asked for again', async () => {
    const { strings, asked } = await read((index, length) =>
      index === 2 ? resultOf('timedOut') : whole(index, length),
    );
    expect(strings).to.deep.equal({ 1: 'text 1', 3: 'text 3' });
    expect(asked.filter((each) => each.startsWith('2 '))).to.deep.equal(['2 255']);
  });

  for (const [what, list] of [
    ['is empty', Uint8Array.of(2, 3)],
    ['is of another type', Uint8Array.of(4, 1, 7, 4)],
  ] as const) {
    it(`are asked for in English where the list of languages ${what}`, async () => {
      const languages = new Set<number>();
      const { strings } = await read((index, length, language) => {
        if (index === 0) return resultOf('completed', list);
        languages.add(language);
        return whole(index, length);
      });
      expect(strings).to.have.property('1', 'text 1');
      expect([...languages]).to.deep.equal([0x0409]);
    });
  }
});
