import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { asError } from '../../../codecs/core/errors.ts';
import { HostError } from '../hostError.ts';
import { type VhciPort, vhciFolder } from './controllers.ts';
import type { PluggedDevice, VhciKernel } from './kernel.ts';

/** Milliseconds for udev to answer. */
const UDEV_TIMEOUT = 5000;
/** The speed of a root hub for low, full and high speed, in sysfs; all others are faster. */
const HIGH_SPEED = '480';

/** Options of {@link SeatKernel}. */
export interface SeatKernelOptions {
  /** The seat of all that is attached. */
  readonly seat: string;
  readonly sysfsRoot: string;
  /** Rules of udev until the next start. Default `/run/udev/rules.d`. */
  readonly rulesFolder?: string;
  /** Has udev read its rules again. Default: by udevadm. */
  readonly reload?: () => Promise<void>;
}

/**
 * vhci-hcd, whose devices are of a seat: before a device is plugged in, a rule of udev assigns what comes in its port, so
 * that no other seat sees it even for a moment. Its interfaces and input devices inherit it. Pulled out, the rule is removed.
 */
export class SeatKernel implements VhciKernel {
  readonly #kernel: VhciKernel;
  readonly #options: Required<SeatKernelOptions>;
  /** Names of the rules, by port. */
  readonly #rules = new Map<number, string>();

  constructor(kernel: VhciKernel, options: SeatKernelOptions) {
    this.#kernel = kernel;
    this.#options = { rulesFolder: '/run/udev/rules.d', reload: reloadUdev, ...options };
  }

  ports(): Promise<readonly VhciPort[]> {
    return this.#kernel.ports();
  }

  hasDevice(busId: string): Promise<boolean> {
    return this.#kernel.hasDevice(busId);
  }

  async attach(port: number, socket: Socket, device: PluggedDevice): Promise<boolean> {
    await this.#assign(port);
    try {
      const isOurs = await this.#kernel.attach(port, socket, device);
      if (!isOurs) await this.#takeBack(port);
      return isOurs;
    } catch (error) {
      await this.#takeBack(port);
      throw error;
    }
  }

  async detach(port: number): Promise<void> {
    await this.#kernel.detach(port);
    // Of a device that is going the rule changes nothing any more.
    await this.#takeBack(port);
  }

  async #assign(port: number): Promise<void> {
    const { seat, rulesFolder, reload } = this.#options;
    const busId = await this.#busIdOf(port);
    const name = join(rulesFolder, `72-urbdrc-seat-${busId}.rules`);
    const rule = `SUBSYSTEM=="usb", KERNEL=="${busId}", DEVPATH=="*/vhci_hcd.*", ENV{ID_SEAT}="${seat}"\n`;
    try {
      await mkdir(rulesFolder, { recursive: true });
      // One that a program left which was killed.
      await rm(name, { force: true });
      await writeFile(name, rule, { flag: 'wx', mode: 0o644 });
      this.#rules.set(port, name);
      await reload();
    } catch (error) {
      await this.#takeBack(port);
      throw new HostError('SEAT_NOT_ASSIGNED', `the seat of ${busId} cannot be assigned: ${asError(error).message}`, {
        cause: error,
      });
    }
  }

  /** Does nothing where there is no rule. */
  async #takeBack(port: number): Promise<void> {
    const name = this.#rules.get(port);
    if (name === undefined) return;
    this.#rules.delete(port);
    // A rule that stays is harmless until something else is plugged in there, and goes with the next start.
    await rm(name, { force: true }).catch(() => {});
    await this.#options.reload().catch(() => {});
  }

  /** The name that a device in this port will have: the bus of its root hub, and its number there. */
  async #busIdOf(port: number): Promise<string> {
    const ports = await this.#kernel.ports();
    const wanted = ports.find((each) => each.port === port);
    const siblings = ports.filter(({ controller, hub }) => controller === wanted?.controller && hub === wanted.hub);
    const number = siblings.findIndex((each) => each.port === port) + 1;
    const bus = wanted === undefined ? undefined : await this.#busOf(wanted);
    if (bus === undefined) throw new HostError('VHCI_UNUSABLE', `vhci-hcd does not tell the bus of its port ${port}`);
    return `${bus}-${number}`;
  }

  async #busOf({ controller, hub }: VhciPort): Promise<string | undefined> {
    const folder = join(dirname(vhciFolder(this.#options.sysfsRoot)), `vhci_hcd.${controller}`);
    for (const name of await readdir(folder).catch(() => [])) {
      const bus = /^usb(\d+)$/.exec(name)?.[1];
      if (bus === undefined) continue;
      const speed = (await readFile(join(folder, name, 'speed'), 'utf8').catch(() => '')).trim();
      if ((speed === HIGH_SPEED) === (hub === 'high')) return bus;
    }
    return undefined;
  }
}

function reloadUdev(): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('udevadm', ['control', '-R'], { timeout: UDEV_TIMEOUT }, (error) => {
      if (error === null) resolve();
      else reject(new HostError('SEAT_NOT_ASSIGNED', 'udevadm had udev read no rules: does it run?', { cause: error }));
    });
  });
}
