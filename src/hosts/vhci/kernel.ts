import { access, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { UsbSpeed } from '../../ports/usb.ts';
import { HostError } from '../hostError.ts';
import { USBIP_SPEEDS } from '../../usbip/speed.ts';
import { readPorts, vhciFolder, type VhciPort } from './controllers.ts';
import { descriptorOf } from '../../usbip/socketPair.ts';

/** A device as vhci-hcd wants to know it. */
export interface PluggedDevice {
  /** `bus << 16 | address` at the other end; the kernel only shows it. */
  readonly deviceId: number;
  readonly speed: UsbSpeed;
}

/** Interface of vhci-hcd. Tests have one without a kernel. */
export interface VhciKernel {
  /** All ports, by number; none where vhci-hcd is not loaded. */
  ports(): Promise<readonly VhciPort[]>;
  /**
   * Plugs a device into a port: from now on the kernel speaks USB/IP over the socket, which is its own. False when the
   * port was taken in the meantime; then the socket can be used for another.
   * @throws HostError when it may not be done
   */
  attach(port: number, socket: Socket, device: PluggedDevice): Promise<boolean>;
  /** Pulls out what is in a port. Does nothing when it is empty. */
  detach(port: number): Promise<void>;
  /** Whether a device of this name (`3-1`) is there still: its port is free before the kernel has taken it apart. */
  hasDevice(busId: string): Promise<boolean>;
}

/** The kernel of this machine, through the files of vhci-hcd below `/sys`. */
export class SysfsKernel implements VhciKernel {
  readonly #sysfsRoot: string;

  constructor(sysfsRoot: string) {
    this.#sysfsRoot = sysfsRoot;
  }

  ports(): Promise<readonly VhciPort[]> {
    return readPorts(this.#sysfsRoot);
  }

  async attach(port: number, socket: Socket, { deviceId, speed }: PluggedDevice): Promise<boolean> {
    const descriptor = descriptorOf(socket);
    if (descriptor === undefined) {
      throw new HostError('VHCI_UNUSABLE', 'this Node does not tell the descriptor of a socket');
    }
    const line = `${port} ${descriptor} ${deviceId} ${USBIP_SPEEDS[speed]}`;
    try {
      await writeFile(join(vhciFolder(this.#sysfsRoot), 'attach'), line);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EBUSY') return false;
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
      const problem = 'vhci-hcd may not be used by this user: attach devices as root';
      throw new HostError('PERMISSION_DENIED', problem, { cause: error });
    }
    // The kernel has its own hold of it now.
    socket.destroy();
    return true;
  }

  async detach(port: number): Promise<void> {
    // It fails when the port is empty already, and then that is what is wanted.
    await writeFile(join(vhciFolder(this.#sysfsRoot), 'detach'), String(port)).catch(() => {});
  }

  hasDevice(busId: string): Promise<boolean> {
    return access(join(this.#sysfsRoot, 'bus/usb/devices', busId)).then(
      () => true,
      () => false,
    );
  }
}
