import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPresent, parseStatus, readPorts, vhciFolder, type VhciPort } from '../../../src/hosts/vhci/controllers.ts';
import { rejection } from '../rejection.ts';

const HEAD = 'hub port sta spd dev      sockfd local_busid\n';
// As Linux 6.1 prints them; the row in use is that of a stick at 2-1 with the address 3.
const FIRST = `${HEAD}hs  0000 004 000 00000000 000000 0-0
hs  0001 005 000 00000000 000000 0-0
ss  0002 006 005 00020003 000003 5-1
ss  0003 007 000 00000000 000000 0-0
`;
const SECOND = `${HEAD}hs  0004 006 003 00010005 000011 6-1
ss  0005 004 000 00000000 000000 0-0
`;
const unused = { speed: undefined, deviceId: 0, busId: undefined };
const FREE: VhciPort = { controller: 0, port: 0, hub: 'high', state: 'free', ...unused };

describe("the ports of the kernel's virtual host controllers", () => {
  let sysfsRoot: string;
  beforeEach(() => (sysfsRoot = mkdtempSync(join(tmpdir(), 'vhci-'))));
  afterEach(() => rmSync(sysfsRoot, { recursive: true }));
  const write = (files: Readonly<Record<string, string>>) => {
    mkdirSync(vhciFolder(sysfsRoot), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(vhciFolder(sysfsRoot), name), text);
  };

  it('are those of all tables, by number', async () => {
    write({ 'status.1': SECOND, status: FIRST, nports: '6\n', attach: '', usbip_debug: '0\n' });
    expect(await readPorts(sysfsRoot)).to.deep.equal([
      FREE,
      { ...FREE, port: 1, state: 'notAssigned' },
      { ...FREE, port: 2, hub: 'super', state: 'used', speed: 'super', deviceId: 0x20003, busId: '5-1' },
      { ...FREE, port: 3, hub: 'super', state: 'error' },
      { ...FREE, controller: 1, port: 4, state: 'used', speed: 'high', deviceId: 0x10005, busId: '6-1' },
      { ...FREE, controller: 1, port: 5, hub: 'super' },
    ]);
    expect(await isPresent(sysfsRoot)).to.equal(true);
  });

  it('are ordered by number with more than ten controllers', async () => {
    const row = (port: string) => `${HEAD}hs  ${port} 004 000 00000000 000000 0-0\n`;
    write({ 'status.10': row('0300'), 'status.2': row('0060'), status: row('0000') });
    expect((await readPorts(sysfsRoot)).map(({ controller, port }) => [controller, port])).to.deep.equal([
      [0, 0],
      [2, 60],
      [10, 300],
    ]);
  });

  it('are none where the module is not loaded', async () => {
    expect(await readPorts(sysfsRoot)).to.deep.equal([]);
    expect(await isPresent(sysfsRoot)).to.equal(false);
  });

  it('are one line of an error when a table is none', async () => {
    write({ status: `${HEAD}hs  0000 free\n` });
    const { message } = await rejection(readPorts(sysfsRoot));
    expect(message).to.equal(`${vhciFolder(sysfsRoot)}/status has a line that tells of no port: "hs  0000 free"`);
  });

  const parse = (line: string) => parseStatus(line, 0, 'status');

  it('are of high speed in the tables of old kernels, which have no hubs', () => {
    const old = `prt sta spd bus dev socket           local_busid
000 004 000 000 000 0000000000000000 0-0
001 006 002 00010004 ffff8800371a8000 3-2
`;
    expect(parse(old)).to.deep.equal([
      FREE,
      { ...FREE, port: 1, state: 'used', speed: 'full', deviceId: 0x10004, busId: '3-2' },
    ]);
  });

  it('may have columns, speeds and states that are not known yet', () => {
    const [port] = parse('hs  0000 009 099 00000000 000000 0-0 more');
    expect(port).to.deep.equal({ ...FREE, state: 'unknown' });
  });

  for (const line of [
    'hs 0000 004 000 00000000 000000',
    'hs 0000 004 000 0000000g 000000 0-0',
    'hs 0000 -04 000 00000000 000000 0-0',
    'xs 0000 004 000 00000000 000000 0-0',
    'hs 99999999999999999999 004 000 00000000 000000 0-0',
  ])
    it(`are refused as ${JSON.stringify(line)}`, () => {
      expect(() => parse(line)).to.throw(Error, JSON.stringify(line));
    });
});
