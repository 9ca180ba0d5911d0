// libvirt's session daemon, of an ordinary user: a domain with ports for redirected devices, and a filter.
import { expect } from 'chai';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { writeBootableStick } from './bootableStick.js';
import { SerialPort } from './machine.js';
import { Stage } from './stage.js';
import * as lab from '../tests/support.js';

/** Who the daemon runs as where the tests are root's: root would get the system daemon. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const DOMAIN = 'urbdrc-lab';
/** A virtual machine starts in a second here, or in many where the machine has other work. */
const SLOW = 60_000;

describe('a domain of libvirt with <redirdev> and <redirfilter>', () => {
  /** @type {Stage} */
  let stage;
  let port = '';
  /** @type {SerialPort} */
  let serial;

  /** @param {string[]} args */
  const virsh = (...args) => {
    const { folder } = stage;
    const who = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
    const environment = [
      'env',
      `HOME=${folder}/home`,
      `XDG_RUNTIME_DIR=${folder}/run`,
      `XDG_CACHE_HOME=${folder}/home`,
    ];
    const [command = '', ...rest] = [...who, ...environment, 'virsh', '-c', 'qemu:///session', ...args];
    return lab.run(command, rest, { cwd: folder, timeout: SLOW });
  };

  /**
   * Both ports are booted from: a device goes to the port that said hello first, and libvirt's machines boot from nothing
   * that has no order.
   * @param {string} listening where QEMU dials
   */
  const domain = (listening) => `<domain type='qemu'>
  <name>${DOMAIN}</name> <memory unit='MiB'>64</memory> <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' index='0' model='qemu-xhci' ports='8'/>
    <redirdev bus='usb' type='unix'><source mode='bind' path='${port}'/><boot order='1'/></redirdev>
    <redirdev bus='usb' type='tcp'>
      <source mode='connect' host='127.0.0.1' service='${new URL(listening.replace(/^[^:]*/, 'http')).port}'>
        <reconnect enabled='yes' timeout='1'/>
      </source>
      <protocol type='raw'/> <boot order='2'/>
    </redirdev>
    <redirfilter>
      <usbdev class='0x08' vendor='0x1209' product='0x0001' allow='yes'/>
      <usbdev allow='no'/>
    </redirfilter>
    <serial type='file'><source path='${serial.path}'/></serial>
  </devices>
</domain>`;

  /** @type {ReturnType<Stage['urbdrc']>} */
  let server;
  let clients = '';

  before(async () => {
    stage = await Stage.open();
    const { folder } = stage;
    port = `${folder}/run/port`;
    serial = new SerialPort(`${folder}/home/serial`);
    for (const path of [`${folder}/home`, `${folder}/run`]) await mkdir(path, { mode: 0o700 });
    await chmod(folder, 0o711);
    if (isRoot) for (const name of ['', '/home', '/run']) await chown(`${folder}${name}`, NOBODY, NOBODY);
    stage.atEnd(endDaemons);

    clients = `unix:${folder}/clients`;
    const ports = ['--attach', `usbredir+unix:${port}`, '--attach', 'usbredir+listen://127.0.0.1:0'];
    server = stage.urbdrc('serve', '--listen', clients, '--allow', '*', '--hold', '0', ...ports);
    const [, listening = ''] = await server.waitForLine(/^listening on (usbredir\+listen:\S+)/);
    await writeFile(`${folder}/domain.xml`, domain(listening));
    await virsh('define', `${folder}/domain.xml`);
    await virsh('start', DOMAIN);
    stage.atEnd(() => virsh('destroy', DOMAIN).catch(() => {}));
    // Both ports: QEMU listens at one, and dials at the other.
    await server.waitForLine(/qemu usb-redir guest/);
    await server.waitForLine(/qemu usb-redir guest/);
  });
  after(() => stage.end());

  /** virsh has started them, and they would stay for two minutes. */
  async function endDaemons() {
    for (const name of ['libvirtd', 'virtlogd']) {
      const pid = Number(await readFile(`${stage.folder}/run/libvirt/${name}.pid`, 'utf8').catch(() => ''));
      if (pid > 0) process.kill(pid);
      const isOver = () => !pid || !isAlive(pid);
      await lab.waitUntil(isOver, SLOW, `${name} ends`);
    }
  }

  it('tells its filter, and boots from a stick that the filter allows', async () => {
    const image = `${stage.folder}/stick.img`;
    await writeBootableStick(image);
    const client = stage.urbdrc('redirect', '--virtual', `stick:${image}`, '--connect', clients);
    await server.waitForLine(/^attached 1209:0001/);
    expect(server.lines.join('\n')).to.match(/its filter is 0x08,0x1209,0x0001,-1,1\|-1,-1,-1,-1,0/);
    await virsh('reset', DOMAIN);
    await serial.expectSectors(0);
    expect(await client.stop('SIGINT')).to.equal('0');
    await server.waitForLine(/^detached 1209:0001/);
    await serial.expectUnreadable();
  });

  it('refuses a keyboard that a client has: the server tells the rule, and the client that it has it back', async () => {
    const client = stage.urbdrc('redirect', '--virtual', 'keyboard', '--connect', clients);
    await server.waitForLine(
      /is not attached: the filter of usbredir\S+ refuses it: denied by -1,-1,-1,-1,0 for interface 0/,
    );
    await client.waitForLine(
      /given back: the server does not take it: the filter of usbredir\S+ refuses it: denied by -1,-1,-1,-1,0 for interface 0/,
    );
    expect(await client.stop('SIGINT')).to.equal('0');
    expect(await server.stop('SIGINT')).to.equal('0');
  });

  it('refuses a keyboard of this machine, and the person who has it reads the rule', async () => {
    const devices = ['--virtual', 'keyboard', '--virtual', `stick:${stage.folder}/stick.img`];
    const program = stage.urbdrc('redirect', ...devices, '--attach', `usbredir+unix:${port}`);
    await program.waitForLine(
      /is not attached: the filter of usbredir\S+ refuses it: denied by -1,-1,-1,-1,0 for interface 0/,
    );
    await program.waitForLine(/^attached 1209:0001/);
    expect(await program.stop('SIGINT')).to.equal('0');
  });
});

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
