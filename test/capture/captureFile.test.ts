import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CaptureFile } from '../../src/capture/captureFile.ts';
import { openCapture } from '../../src/capture/openCapture.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { inFolder } from './redirection.ts';

const KIB = 1024;
const never = (error: Error) => {
  throw error;
};

describe('the file of a capture', () => {
  it('holds a small buffer and no more, and loses nothing', () =>
    inFolder((folder) => {
      const path = join(folder, 'a');
      const file = new CaptureFile(path, { onFailure: never });
      let written = 0;
      let largest = 0;
      for (let index = 0; index < 400; index += 1) {
        const record = Buffer.alloc((index * 7919) % (3 * KIB), index);
        file.write([record.subarray(0, 5), record.subarray(5)]);
        written += record.length;
        largest = Math.max(largest, written - statSync(path).size);
      }
      const huge = Buffer.alloc(600 * KIB, 0x77);
      file.write([huge]);
      expect(statSync(path).size).to.equal(written + huge.length);
      file.close();
      file.close();
      expect(largest).to.be.within(100 * KIB, 256 * KIB);
      const content = readFileSync(path);
      expect(content).to.have.length(written + huge.length);
      expect(content.subarray(written).equals(huge)).to.equal(true);
      expect(file.lost).to.equal(0);
      return Promise.resolve();
    }));

  it('is for its owner alone, and empties what was there', () =>
    inFolder((folder) => {
      const path = join(folder, 'a');
      const first = new CaptureFile(path, { onFailure: never });
      first.write([Buffer.from('old')]);
      first.close();
      new CaptureFile(path, { onFailure: never }).close();
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      expect(readFileSync(path, 'utf8')).to.equal('');
      return Promise.resolve();
    }));

  it('is up to date a moment after each record', () =>
    inFolder((folder) => {
      const path = join(folder, 'a');
      const clock = new VirtualClock();
      const file = new CaptureFile(path, { onFailure: never, clock });
      for (const [record, content] of [
        ['x', 'x'],
        ['y', 'xy'],
      ] as const) {
        file.write([Buffer.from(record)]);
        clock.advance(200);
        expect(readFileSync(path, 'utf8')).to.equal(content);
      }
      file.write([Buffer.from('z')]);
      file.close();
      expect(clock.pending).to.equal(0);
      return Promise.resolve();
    }));

  it('tells once that the disk is full, and counts what is lost from then on', () => {
    const failures: string[] = [];
    const file = new CaptureFile('/dev/full', { onFailure: (error) => failures.push(error.message) });
    file.write([Buffer.from('1')]);
    file.flush();
    file.write([Buffer.from('2')]);
    file.write([Buffer.from('3')]);
    file.close();
    expect(failures).to.have.length(1);
    expect(failures[0]).to.match(/ENOSPC/);
    expect(file.lost).to.equal(3);
  });

  for (const [how, end] of [
    ['process.exit', 'process.exit(0)'],
    ['an uncaught exception', 'throw new Error("end")'],
  ] as const) {
    it(`is complete when the process ends by ${how}`, () =>
      inFolder((folder) => {
        const path = join(folder, 'a');
        const source = new URL('../../src/capture/captureFile.ts', import.meta.url).href;
        const program = `
          import { CaptureFile } from ${JSON.stringify(source)};
          const file = new CaptureFile(${JSON.stringify(path)}, { onFailure: (error) => { throw error; } });
          file.write([Buffer.from('complete')]);
          ${end};`;
        spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
          cwd: new URL('../../', import.meta.url),
        });
        expect(readFileSync(path, 'utf8')).to.equal('complete');
        return Promise.resolve();
      }));
  }

  it('has an ending that says what to record; others are refused before anything is created', () => {
    const options = { role: 'client', program: 'x', onFailure: never } as const;
    expect(() => openCapture('capture.pcap', options)).to.throw(
      'capture.pcap: the ending says what to record: .jsonl for messages, .pcapng for USB traffic',
    );
    expect(() => openCapture('no/such/folder/a.jsonl', options)).to.throw(/ENOENT/);
  });
});
