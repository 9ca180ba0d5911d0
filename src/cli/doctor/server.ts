import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readPorts, vhciFolder, type VhciPort } from '../../hosts/vhci/controllers.ts';
import { oneLine } from '../failure.ts';
import type { Finding } from './finding.ts';
import { asRoot, type Machine, readText } from './machine.ts';

/** Requirements of `urbdrc serve --attach vhci` on this machine. Without `--attach`, `serve` has none. */
export async function examineServer(machine: Machine): Promise<Finding[]> {
  if (machine.platform !== 'linux') {
    const text = 'only Linux can take redirected devices for its own';
    return [{ side: 'server', check: 'platform', state: 'missing', text, advice: 'serve works here without --attach' }];
  }
  // The file that makes devices is there as long as the module is.
  if (!existsSync(attachFile(machine))) return [explainMissingModule(machine)];
  return [
    { side: 'server', check: 'module', state: 'ok', text: 'vhci-hcd is loaded' },
    checkAttachRight(machine),
    ...(await checkPorts(machine)),
  ];
}

function attachFile({ root }: Machine): string {
  return join(vhciFolder(join(root, '/sys')), 'attach');
}

function explainMissingModule(machine: Machine): Finding {
  const { release } = machine;
  const missing = (text: string, advice: string): Finding => ({
    ...{ side: 'server', check: 'module', state: 'missing', text, advice },
  });
  const folder = `/lib/modules/${release}`;
  if (listsModule(readText(machine, `${folder}/modules.builtin`))) {
    return missing(
      'vhci-hcd is built into the kernel, but /sys does not show it',
      'in a container, start it with docker run --privileged',
    );
  }
  const list = readText(machine, `${folder}/modules.dep`);
  if (list === undefined) {
    return missing(
      `vhci-hcd is not loaded, and there is no ${folder} to load it from`,
      'after an update of the kernel, restart; in a container, run modprobe vhci-hcd on the host',
    );
  }
  if (!listsModule(list)) {
    return missing(`vhci-hcd is not loaded, and not in ${folder}`, installAdvice(machine));
  }
  return missing(
    'vhci-hcd is not loaded',
    `${asRoot(machine, 'modprobe vhci-hcd')}, and for later starts: ` +
      `echo vhci-hcd | ${asRoot(machine, 'tee /etc/modules-load.d/vhci-hcd.conf')}`,
  );
}

/** Lines of `modules.dep` and `modules.builtin` begin with a module's file. */
function listsModule(list = ''): boolean {
  return /^(\S*\/)?vhci[-_]hcd\.ko(\.\w+)?(:|$)/m.test(list);
}

/** The package that brings the module where the kernel's own does not. */
function installAdvice(machine: Machine): string {
  const { release } = machine;
  const text = readText(machine, '/etc/os-release') ?? '';
  const names = (key: string) => new RegExp(`^${key}="?(.*?)"?$`, 'm').exec(text)?.[1]?.split(' ') ?? [];
  const [system = ''] = names('ID');
  const isLike = (name: string) => system === name || names('ID_LIKE').includes(name);
  if (isLike('ubuntu')) return asRoot(machine, `apt-get install linux-modules-extra-${release}`);
  const architecture = /-cloud-(\w+)$/.exec(release)?.[1];
  if (isLike('debian') && architecture !== undefined) {
    return `${asRoot(machine, `apt-get install linux-image-${architecture}`)}, and start that kernel instead of the one for clouds`;
  }
  if (system === 'fedora') return asRoot(machine, `dnf install kernel-modules-extra-${release}`);
  return 'install the kernel modules that your distribution keeps apart, or a kernel with CONFIG_USBIP_VHCI_HCD';
}

function checkAttachRight(machine: Machine): Finding {
  const check = { side: 'server', check: 'attachRight' } as const;
  const attach = attachFile(machine);
  const files = [attach, join(attach, '../detach')];
  const reason = files.map((file) => machine.whyNotWritable(file)).find((each) => each !== undefined);
  if (reason === undefined) return { ...check, state: 'ok', text: `${attach} can be written` };
  const text = `no permission to write ${attach} (${reason})`;
  if (reason === 'EROFS')
    return { ...check, state: 'missing', text, advice: 'in a container, start it with docker run --privileged' };
  const command = asRoot(machine, `chown ${machine.user.name} ${files.join(' ')}`);
  return { ...check, state: 'missing', text, advice: `run as root, or, until the module is unloaded: ${command}` };
}

async function checkPorts(machine: Machine): Promise<Finding[]> {
  const check = { side: 'server', check: 'ports' } as const;
  let ports: readonly VhciPort[];
  try {
    ports = await readPorts(join(machine.root, '/sys'));
  } catch (error) {
    return [{ ...check, state: 'missing', text: oneLine(error) }];
  }
  const hubs = [
    ['high', 'up to high speed'],
    ['super', 'of super speed'],
  ] as const;
  const rows = hubs.map(([hub, speed]): Finding => {
    const all = ports.filter((port) => port.hub === hub);
    const free = all.filter(({ state }) => state === 'free').length;
    const text = `${free} of ${all.length} ports for devices ${speed} are free`;
    if (free > 0) return { ...check, state: 'ok', text };
    if (all.length === 0) return { ...check, state: 'missing', text: `there are no ports for devices ${speed}` };
    return { ...check, state: 'missing', text, advice: 'end a program that has devices there (usbip port lists them)' };
  });
  const broken = ports
    .filter(({ state }) => state === 'error')
    .map(({ port }): Finding => {
      const advice = `echo ${port} | ${asRoot(machine, `tee ${join(attachFile(machine), '../detach')}`)}`;
      return { ...check, state: 'note', text: `port ${port} is out of order`, advice };
    });
  return [...rows, ...broken];
}
