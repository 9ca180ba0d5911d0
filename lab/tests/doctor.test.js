// What urbdrc doctor finds on a real kernel, as root and as a user without rights.
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { vhciFolder, readPorts } from '../../dist/src/hosts/vhci/controllers.js';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const VHCI = vhciFolder('/sys');
const NOBODY = 65534;

/**
 * What doctor prints, each line as `side state text`, and its exit status.
 * @param {string[]} args
 * @param {import('node:child_process').ExecFileOptions} [options]
 */
async function doctor(args, options = {}) {
  const { stdout } = await lab.run(
    '/bin/sh',
    ['-c', '"$@" || echo "status $?"', 'sh', process.execPath, MAIN, 'doctor', ...args],
    options,
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
  const status = Number(/^status (\d+)$/.exec(lines.at(-1) ?? '')?.[1] ?? 0);
  return { status, lines: status === 0 ? lines : lines.slice(0, -1) };
}
const asNobody = { uid: NOBODY, gid: NOBODY };

describe('urbdrc doctor on a real kernel', function () {
  it('says that vhci-hcd is not loaded, and how to load it; what it says, does', async () => {
    const { status, lines } = await doctor(['--server']);
    expect(lines).to.have.lengthOf(1);
    const [, command = ''] =
      /^server missing vhci-hcd is not loaded: (.+?), and for later starts: /.exec(lines[0] ?? '') ?? [];
    expect(status).to.equal(1);
    await lab.run('/bin/sh', ['-c', command]);
    await lab.waitUntil(() => lab.exists(`${VHCI}/attach`), 20_000, 'the controllers appear');
    expect(await doctor(['--server'])).to.deep.equal({
      status: 0,
      lines: [
        'server ok vhci-hcd is loaded',
        `server ok ${VHCI}/attach can be written`,
        'server ok 120 of 120 ports for devices up to high speed are free',
        'server ok 120 of 120 ports for devices of super speed are free',
      ],
    });
  });

  it('finds all ports of all controllers, as the kernel counts them', async () => {
    const ports = await readPorts('/sys');
    expect(ports).to.have.lengthOf(Number(await readFile(`${VHCI}/nports`, 'utf8')));
    expect(ports.map(({ port }) => port)).to.deep.equal(ports.map((_, index) => index));
    expect(new Set(ports.map(({ controller }) => controller)).size).to.equal(8);
    expect(new Set(ports.map(({ state }) => state))).to.deep.equal(new Set(['free']));
  });

  it('finds nothing missing for the client when root asks', async () => {
    const { status, lines } = await doctor(['--client', '--device', '46f4:0001']);
    expect(status).to.equal(0);
    expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).to.deep.equal([
      ...['client ok', 'client ok', 'client ok', 'client ok', 'client note'],
    ]);
    expect(lines[3]).to.match(/46f4:0001 at port 2-1 .* can be opened; usb-storage will give it up for as long/);
    expect(lines[4]).to.match(/echo 'SUBSYSTEM=="usb", ATTR\{idVendor\}=="46f4", ATTR\{idProduct\}=="0001", /);
  });

  it('tells a user without rights which are missing', async () => {
    const { status, lines } = await doctor([], asNobody);
    expect(status).to.equal(1);
    const missing = lines.filter((line) => line.includes(' missing '));
    expect(missing.filter((line) => line.startsWith('client'))).to.have.lengthOf(4);
    for (const ids of ['46f4:0001', '0627:0001', '0403:6001', '46f4:0002']) {
      const pattern = new RegExp(`^client missing ${ids} at port .* no permission to write /dev/bus/usb/.* ATTR`);
      expect(
        missing.some((line) => pattern.test(line)),
        ids,
      ).to.equal(true);
    }
    expect(missing.at(-1)).to.match(/^server missing no permission to write .*\/attach \(EACCES\): /);
    expect(missing).to.have.lengthOf(5);
  });

  it('what it says about the right to attach, does, whoever the user is', async () => {
    const { lines } = await doctor(['--server'], asNobody);
    const [, command = ''] = /until the module is unloaded: sudo (chown .*)$/m.exec(lines.join('\n')) ?? [];
    await lab.run('/bin/sh', ['-c', command]);
    expect((await doctor(['--server'], asNobody)).status).to.equal(0);
    // The kernel now refuses what is written for what it is, not for who writes it.
    const write = lab.run('/bin/sh', ['-c', `echo nonsense | tee ${VHCI}/attach`], asNobody);
    expect(await write.then(String, String)).to.match(/Invalid argument/);
  });
});
