import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchInputKeys } from '../../src/devices/libusb/inputKeys.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const [EV_SYN, EV_KEY, KEY_A] = [0, 1, 30];

/** struct input_event of a machine of 64 bits. */
function event(type: number, code: number, value: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const isLittleEndian = endianness() === 'LE';
  const view = new DataView(bytes.buffer);
  view.setUint16(16, type, isLittleEndian);
  view.setUint16(18, code, isLittleEndian);
  view.setInt32(20, value, isLittleEndian);
  return bytes;
}

describe('keys of a device that this machine’s drivers have', () => {
  let folder: string;
  let clock: VirtualClock;
  let stop: () => void;
  let keys: [number, boolean][];
  let lines: string[];
  let changed: () => void;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'input-'));
    clock = new VirtualClock();
    [keys, lines] = [[], []];
    changed = () => {};
    stop = () => {};
  });

  afterEach(() => {
    stop();
    rmSync(folder, { recursive: true });
  });

  const addNode = (inInterface: string, event: string) => {
    mkdirSync(join(folder, 'bus/usb/devices/1-2', inInterface, event), { recursive: true });
  };
  /** Opened first: a pipe that nobody writes to would hold whoever opens it. */
  const pipe = (name: string) => {
    execFileSync('mkfifo', [join(folder, name)]);
    return openSync(join(folder, name), constants.O_RDWR);
  };
  const watch = () => {
    stop = watchInputKeys(
      '1-2',
      ({ code, isDown }) => {
        keys.push([code, isDown]);
        changed();
      },
      {
        ...{ clock, sysfs: folder, nodes: folder },
        tell: (line) => {
          lines.push(line);
          changed();
        },
      },
    );
  };
  const until = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      changed = () => {
        if (isSo()) resolve();
      };
      changed();
    });

  it('tells of presses and releases, whole or in parts, and of nothing else', async () => {
    addNode('1-2:1.0/0003:0627:0001.0001/input/input7', 'event3');
    const node = pipe('event3');
    try {
      watch();
      clock.advance(0);
      await until(() => lines.length === 1);
      expect(lines).to.deep.equal([`keys of ${join(folder, 'event3')} are seen`]);
      const bytes = Buffer.concat([
        ...[event(EV_SYN, KEY_A, 1), event(EV_KEY, KEY_A, 1), event(EV_KEY, KEY_A, 2), event(EV_KEY, KEY_A, 0)],
      ]);
      writeSync(node, bytes.subarray(0, 30));
      await new Promise((resolve) => setImmediate(resolve));
      writeSync(node, bytes.subarray(30));
      await until(() => keys.length === 3);
      expect(keys).to.deep.equal([
        [KEY_A, true],
        [KEY_A, true],
        [KEY_A, false],
      ]);
    } finally {
      closeSync(node);
    }
  });

  it('finds nodes that come later, each once, for five seconds', async () => {
    watch();
    const nodes = [pipe('event3'), pipe('event4')];
    try {
      addNode('1-2:1.0/0003:0627:0001.0001/input/input7', 'event3');
      clock.advance(1000);
      // Of a driver without a HID device between.
      addNode('1-2:1.1/input/input8', 'event4');
      clock.advance(4000);
      expect(clock.pending).to.equal(0);
      await until(() => lines.length === 2);
      writeSync(nodes[1] ?? 0, event(EV_KEY, KEY_A, 1));
      await until(() => keys.length === 1);
    } finally {
      for (const node of nodes) closeSync(node);
    }
  });

  it('says which node it cannot read, and why', () => {
    addNode('1-2:1.0/0003:0627:0001.0001/input/input7', 'event3');
    watch();
    clock.advance(0);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^keys of .*event3 are not seen: ENOENT/);
  });

  it('does nothing yet while its caller goes on', () => {
    addNode('1-2:1.0/0003:0627:0001.0001/input/input7', 'event3');
    watch();
    expect(lines).to.deep.equal([]);
    expect(clock.pending).to.equal(1);
  });

  it('leaves no timer', () => {
    watch();
    expect(clock.pending).to.equal(1);
    stop();
    expect(clock.pending).to.equal(0);
  });
});
