import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followWindow } from '../../src/cli/focusWindow.ts';
import { STEADY_TIME } from '../../src/focus/activeWindow.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

describe('redirect --focus-window', () => {
  let folder: string;
  let clock: VirtualClock;
  let owners: string[];
  let lines: string[];
  let warned: () => void;
  let close: () => void;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'window-'));
    clock = new VirtualClock();
    [owners, lines] = [[], []];
    warned = close = () => {};
  });

  afterEach(() => {
    close();
    rmSync(folder, { recursive: true });
  });

  /** A program that answers as xprop does. */
  const xprop = (spy: string) => {
    const path = join(folder, 'xprop');
    const script = `#!/bin/sh
case "$1 $2" in
  '-root -spy') ${spy} ;;
  '-id 0x1a00003') echo 'WM_CLASS(STRING) = "xfreerdp", "XFreeRDP"' ;;
  *) echo 'WM_CLASS:  not found.' ;;
esac
`;
    writeFileSync(path, script, { mode: 0o755 });
    return path;
  };

  const follow = (program: string) => {
    const switchTo = (owner: 'local' | 'remote') => {
      owners.push(owner);
      return Promise.resolve();
    };
    const warn = (line: string) => {
      lines.push(line);
      warned();
    };
    ({ close } = followWindow('XFreeRDP', { switchTo }, { warn }, { clock, xprop: program }));
  };

  /** Follows an xprop that says what is given to `say`; resolves once that has had its effect. */
  function followSaid(): (...lines: string[]) => Promise<void> {
    const pipe = join(folder, 'spy');
    execFileSync('mkfifo', [pipe]);
    const spy = openSync(pipe, constants.O_RDWR);
    follow(xprop(`exec cat '${pipe}'`));
    const stop = close;
    close = () => {
      stop();
      closeSync(spy);
    };
    return async (...said) => {
      writeSync(spy, said.map((line) => `${line}\n`).join(''));
      await clock.whenPending();
      clock.advance(STEADY_TIME);
    };
  }

  it('gives the keyboards away with the window, and takes them back', async () => {
    const say = followSaid();
    for (const window of ['0x1a00003', '0x0', '0x1A00003', '0x2200001']) {
      await say(`_NET_ACTIVE_WINDOW(WINDOW): window id # ${window}`);
    }
    expect(owners).to.deep.equal(['remote', 'local', 'remote', 'local']);
    expect(lines).to.deep.equal([]);
  });

  it('takes them back when the window is closed, also where it stays the active one by its number', async () => {
    const say = followSaid();
    await say('_NET_ACTIVE_WINDOW(WINDOW): window id # 0x1a00003');
    await say(
      '_NET_CLIENT_LIST:  no such atom on any window.',
      '_NET_CLIENT_LIST(WINDOW): window id # 0x2200001, 0x1a00003',
      '_NET_CLIENT_LIST(WINDOW): window id # 0x2200001',
    );
    expect(owners).to.deep.equal(['remote', 'local']);
  });

  for (const [how, program] of [
    ['ends', () => xprop('exit 1')],
    ['is not there', () => join(folder, 'none')],
  ] as const) {
    it(`says once what it needs when xprop ${how}`, async () => {
      const told = new Promise<void>((resolve) => (warned = resolve));
      follow(program());
      await told;
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(/^the active window is not followed: .*; it needs the program xprop/);
      expect(owners).to.deep.equal([]);
    });
  }
});
