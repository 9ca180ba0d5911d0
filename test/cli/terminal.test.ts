import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { progressLine } from '../../src/cli/readSectors.ts';
import { formatTable, type DeviceRow } from '../../src/cli/list.ts';
import type { ProgramContext } from '../../src/cli/programContext.ts';
import { Terminal, type TerminalOptions } from '../../src/cli/terminal.ts';
import { formatBytes, formatVidPid, jsonLine, printable } from '../../src/cli/text.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { run } from './program.ts';

const ESCAPE = '\u001b';

/** What a stream like standard error is given. */
function stream(isTTY: boolean) {
  const through = Object.assign(new PassThrough(), { isTTY, columns: 80, rows: 24 });
  return { through, text: () => String(through.read() ?? '') };
}

function terminalOn(stderr: ProgramContext['stderr'], options?: TerminalOptions, stdout = new PassThrough()): Terminal {
  return new Terminal({ stdout, stderr }, options);
}

describe('Terminal', () => {
  it('elsewhere prints lines alone', () => {
    const { through, text } = stream(false);
    const terminal = terminalOn(through);
    expect(terminal.isLive).to.equal(false);
    terminal.live('1 MiB/s');
    terminal.say('redirecting');
    terminal.detail('ignored');
    terminal.done();
    expect(text()).to.equal('redirecting\n');
  });

  it('on a terminal keeps one line below the others, and leaves the last', () => {
    const { through, text } = stream(true);
    const terminal = terminalOn(through);
    expect(terminal.isLive).to.equal(true);
    terminal.live('1 MiB/s');
    expect(text()).to.include('1 MiB/s\n');
    terminal.live('2 MiB/s');
    const second = text();
    expect(second).to.include('2 MiB/s\n').and.to.include(`${ESCAPE}[`);
    terminal.say('redirecting');
    const said = text();
    // The live line is erased first.
    expect(said).to.match(/^(\u001b\[[0-9]*[A-Z])+redirecting\n$/);
    terminal.live('3 MiB/s');
    terminal.done();
    expect(text()).to.include('3 MiB/s\n');
  });

  it('on a terminal cuts the changing line to its width, so that it takes one row, and erases it', () => {
    const { through, text } = stream(true);
    const terminal = terminalOn(through);
    terminal.live('x'.repeat(100));
    expect(text()).to.equal(`${'x'.repeat(79)}\n`);
    terminal.live('');
    expect(text()).to.equal(`${ESCAPE}[1A${ESCAPE}[0J`);
    terminal.live('');
    terminal.say('said');
    expect(text()).to.equal('said\n');
    terminal.live('4 MiB/s');
    terminal.done();
    terminal.say('after');
    expect(text()).to.equal('4 MiB/s\nafter\n');
  });

  it('tells of ten refused peers in ten seconds, and how many there were besides', () => {
    const { through, text } = stream(false);
    const clock = new VirtualClock();
    const terminal = terminalOn(through, { clock });
    const refuse = (count: number) => {
      for (let number = 0; number < count; number += 1) terminal.refused(new Error('wrong token'), 'tcp://a');
    };
    const line = 'refused tcp://a: wrong token\n';
    refuse(1334);
    expect(text()).to.equal(line.repeat(10));
    clock.advance(9999);
    expect(text()).to.equal('');
    clock.advance(1);
    expect(text()).to.equal('refused 1324 more peers (at most 10 are told of in 10 s)\n');
    refuse(10);
    expect(text()).to.equal(line.repeat(10));
    clock.advance(10_000);
    expect(text()).to.equal('');
    expect(clock.pending).to.equal(0);
    refuse(11);
    expect(text()).to.equal(line.repeat(10));
    terminal.done();
    expect(text()).to.equal('refused 1 more peers (at most 10 are told of in 10 s)\n');
    expect(clock.pending).to.equal(0);
    terminal.refused(new Error('tcp://b presented no token'), 'tcp://b');
    expect(text()).to.equal('refused tcp://b presented no token\n');
  });

  it('--verbose prints details', () => {
    const { through, text } = stream(false);
    terminalOn(through, { verbose: true }).detail('ignored');
    expect(text()).to.equal('ignored\n');
  });

  it('--quiet prints problems and questions only', () => {
    const { through, text } = stream(true);
    const terminal = terminalOn(through, { quiet: true });
    terminal.say('redirecting');
    terminal.live('1 MiB/s');
    terminal.warn('it is not attached');
    terminal.refused(new Error('wrong token'), 'tcp://a');
    terminal.done();
    expect(text()).to.equal('it is not attached\nrefused tcp://a: wrong token\n');
  });

  const time = () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6));

  it('--log-time begins each line with the time', () => {
    const { through, text } = stream(false);
    terminalOn(through, { logTime: true, time }).say('redirecting');
    expect(text()).to.equal('2026-01-02T03:04:05.006Z redirecting\n');
  });

  it('--json prints an object a line on standard output, and nothing on standard error', () => {
    const { through, text } = stream(true);
    const stdout = new PassThrough();
    const terminal = terminalOn(through, { json: true, time }, stdout);
    terminal.live('1 MiB/s');
    terminal.say('connected to tcp://a', { event: 'connected', remote: 'tcp://a' });
    terminal.warn(`a${ESCAPE}b`);
    const lines = String(stdout.read()).split('\n');
    expect(lines[0]).to.equal(
      '{"time":"2026-01-02T03:04:05.006Z","event":"connected","remote":"tcp://a","text":"connected to tcp://a"}',
    );
    expect(lines[1]).to.equal('{"time":"2026-01-02T03:04:05.006Z","event":"problem","text":"a\\u001bb"}');
    expect(lines.slice(2)).to.deep.equal(['']);
    expect(text()).to.equal('');
  });

  it('prints no control characters, whoever chose them', () => {
    const { through, text } = stream(false);
    terminalOn(through).say(`device ${ESCAPE}]0;title\u0007 a\nb \u009b31m \u202e \u2028.`);
    expect(text()).to.equal('device ?]0;title? a?b ?31m ? ?.\n');
  });
});

describe('progress of a read', () => {
  it('has the total, the percentage, the rate and the time left', () => {
    const MIB = 1024 * 1024;
    expect(progressLine(12 * MIB, 32 * MIB, 4000)).to.equal('read 12.0 MiB of 32.0 MiB (37 %), 3.0 MiB/s, 7 s left');
    expect(progressLine(MIB, 201 * MIB, 1000)).to.equal('read 1.0 MiB of 201.0 MiB (0 %), 1.0 MiB/s, 3 min 20 s left');
    expect(progressLine(MIB, 8001 * MIB, 1000)).to.include(', 2 h 13 min left');
  });
});

describe('text', () => {
  it('replaces what steers a terminal', () => {
    expect(printable('Müller ☃ 😀')).to.equal('Müller ☃ 😀');
    expect(printable('a\r\nb\u0000')).to.equal('a??b?');
  });

  it('escapes it in JSON, which means the same', () => {
    const value = { text: 'a\u2029b\u009b\u{e0001}ü"\\' };
    expect(jsonLine(value)).to.equal('{"text":"a\\u2029b\\u009b\\udb40\\udc01ü\\"\\\\"}');
    expect(JSON.parse(jsonLine(value))).to.deep.equal(value);
  });

  it('formats sizes and ids', () => {
    expect([0, 1, 1023, 1024, 1536, 32 * 1024 ** 2, 3 * 1024 ** 5].map(formatBytes)).to.deep.equal([
      '0 B',
      '1 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '32.0 MiB',
      '3072.0 TiB',
    ]);
    expect(formatVidPid({ vendorId: 0x46f4, productId: 1 })).to.equal('46f4:0001');
  });
});

describe('urbdrc list', () => {
  const row: DeviceRow = {
    device: '46f4:0001',
    port: '1-1',
    speed: 'super',
    class: 0,
    manufacturer: 'QEMU',
    product: `STICK${ESCAPE}[31m`,
    serial: 'A1',
    drivers: ['usb-storage'],
    canOpen: true,
    seat: null,
    advice: null,
  };

  it('prints a table, and what to do about devices that cannot be opened', () => {
    const other: DeviceRow = {
      ...row,
      device: '0627:0001',
      port: '1-2.3',
      speed: 'high',
      manufacturer: null,
      product: 'Keyboard',
      serial: null,
      drivers: [],
      canOpen: false,
      advice: 'no permission to write it',
    };
    expect(formatTable([row, other])).to.equal(
      [
        'DEVICE     PORT   SPEED  DRIVER       OPEN  NAME',
        '46f4:0001  1-1    super  usb-storage  yes   QEMU STICK?[31m (serial A1)',
        '0627:0001  1-2.3  high   -            no    Keyboard',
        '0627:0001: no permission to write it',
        '',
      ].join('\n'),
    );
  });

  it('has a column for seats where there are some', () => {
    expect(
      formatTable([
        { ...row, seat: 'seat1' },
        { ...row, port: '1-3' },
      ]),
    ).to.equal(
      [
        'DEVICE     PORT  SPEED  DRIVER       OPEN  SEAT   NAME',
        '46f4:0001  1-1   super  usb-storage  yes   seat1  QEMU STICK?[31m (serial A1)',
        '46f4:0001  1-3   super  usb-storage  yes   -      QEMU STICK?[31m (serial A1)',
        '',
      ].join('\n'),
    );
  });

  it('says that there are none', () => {
    expect(formatTable([])).to.equal('no USB devices here\n');
  });

  it('--json prints an array, whatever is plugged in', async () => {
    const { status, stdout } = await run(['list', '--json']);
    expect(status).to.equal(0);
    expect(JSON.parse(stdout)).to.be.an('array');
  });
});
