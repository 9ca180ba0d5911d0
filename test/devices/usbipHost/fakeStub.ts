import type { Socket } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StubDriver, StubStatus } from '../../../src/devices/usbipHost/stubDriver.ts';
import type { UsbipHostOptions } from '../../../src/devices/usbipHost/usbipHostDevices.ts';
import { DeviceConnection } from '../../../src/hosts/usbip/deviceConnection.ts';
import type { UsbDevice } from '../../../src/ports/usb.ts';

/** usbip-host without a kernel, and the sysfs of a machine with one device. */
export class FakeStub implements StubDriver {
  readonly root = mkdtempSync(join(tmpdir(), 'stub-'));
  readonly calls: string[] = [];
  /** What `take` throws. */
  refusal: Error | undefined;
  #status: StubStatus | undefined;
  #connection: DeviceConnection | undefined;
  readonly #device: UsbDevice;
  readonly #busid: string;

  constructor(device: UsbDevice, busid: string) {
    this.#device = device;
    this.#busid = busid;
    const files: Record<string, string | Uint8Array> = {
      ...{ busnum: '1\n', devnum: '5\n', speed: '480\n', authorized: '1\n', bConfigurationValue: '1\n' },
      descriptors: Buffer.concat([device.deviceDescriptor, ...device.configurationDescriptors]),
    };
    mkdirSync(this.folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.folder, name), content);
  }

  get folder(): string {
    return join(this.root, 'sys/bus/usb/devices', this.#busid);
  }

  /** Options of the source that looks here. */
  get folders(): Pick<UsbipHostOptions, 'sysfsRoot' | 'records' | 'driver'> {
    return { sysfsRoot: join(this.root, 'sys'), records: join(this.root, 'records'), driver: this };
  }

  /** The device is unplugged: the kernel ends the socket. */
  unplug(): void {
    rmSync(this.folder, { recursive: true });
    this.#connection?.close();
  }

  status(): Promise<StubStatus | undefined> {
    return Promise.resolve(this.#status);
  }

  take(busid: string): Promise<void> {
    this.calls.push(`take ${busid}`);
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.#status = 'available';
    return Promise.resolve();
  }

  async connect(busid: string, socket: Socket): Promise<void> {
    this.calls.push(`connect ${busid}`);
    this.#status = 'used';
    await this.#device.open();
    const connection = (this.#connection = new DeviceConnection(this.#device, socket));
    socket.resume();
    void connection.closed
      .then(() => this.#device.close())
      .then(() => (this.#status = this.#status === 'used' ? 'available' : this.#status));
  }

  giveBack(busid: string): Promise<void> {
    this.calls.push(`give back ${busid} ${this.#status ?? ''}`.trim());
    this.#status = undefined;
    return Promise.resolve();
  }

  end(): void {
    rmSync(this.root, { recursive: true });
  }
}
