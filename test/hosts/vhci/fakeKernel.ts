import { once } from 'node:events';
import type { Socket } from 'node:net';
import { joinParts } from '../../../codecs/core/parts.ts';
import { CmdSubmit } from '../../../codecs/usbip/submit.ts';
import type { VhciPort } from '../../../src/hosts/vhci/controllers.ts';
import type { PluggedDevice, VhciKernel } from '../../../src/hosts/vhci/kernel.ts';
import { submit } from '../usbip/commands.ts';

const HIGH_PORTS = 2;
const SUPER_PORTS = 2;

interface Plugged {
  readonly socket: Socket;
  readonly device: PluggedDevice;
  /** What the other end sent. */
  received: Buffer;
}

/** vhci-hcd without a kernel: two ports of each kind, and a person in place of the drivers. */
export class FakeKernel implements VhciKernel {
  readonly plugged = new Map<number, Plugged>();
  /** Calls, in order: `attach 2`, `detach 2`. */
  readonly calls: string[] = [];
  /** Ports that somebody else takes just before they are attached to. */
  readonly contested = new Set<number>();
  /** What `attach` throws. */
  refusal: Error | undefined;
  /** Devices that are still there although they were pulled out. */
  readonly lingering = new Set<string>();
  /** Devices get an address as soon as they are plugged in. */
  enumerates = true;
  /** Ports belong to so many controllers by turns. */
  controllers = 1;
  /** Their folders are there as soon as they have an address. */
  hasFolders = true;

  ports(): Promise<readonly VhciPort[]> {
    return Promise.resolve(
      Array.from({ length: HIGH_PORTS + SUPER_PORTS }, (_, port): VhciPort => {
        const plugged = this.plugged.get(port);
        const hub = port < HIGH_PORTS ? 'high' : 'super';
        const isUp = plugged !== undefined && this.enumerates;
        return {
          controller: port % this.controllers,
          port,
          hub,
          state: plugged === undefined ? 'free' : isUp ? 'used' : 'notAssigned',
          speed: isUp ? plugged.device.speed : undefined,
          deviceId: isUp ? plugged.device.deviceId : 0,
          busId: isUp ? `${hub === 'high' ? 4 : 5}-${(port % HIGH_PORTS) + 1}` : undefined,
        };
      }),
    );
  }

  attach(port: number, socket: Socket, device: PluggedDevice): Promise<boolean> {
    this.calls.push(`attach ${port}`);
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    if (this.contested.has(port) || this.plugged.has(port)) return Promise.resolve(false);
    const plugged: Plugged = { socket, device, received: Buffer.alloc(0) };
    this.plugged.set(port, plugged);
    socket.on('data', (chunk: Buffer) => (plugged.received = Buffer.concat([plugged.received, chunk])));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.plugged.get(port) === plugged) this.plugged.delete(port);
    });
    socket.resume();
    return Promise.resolve(true);
  }

  detach(port: number): Promise<void> {
    this.calls.push(`detach ${port}`);
    this.plugged.get(port)?.socket.destroy();
    this.plugged.delete(port);
    return Promise.resolve();
  }

  async hasDevice(busId: string): Promise<boolean> {
    if (!this.hasFolders) return false;
    const isThere = (await this.ports()).some((port) => port.busId === busId);
    return isThere || this.lingering.has(busId);
  }

  /** Sends a control request to the device in a port, and waits for so many bytes of reply. */
  async request(port: number, fields: Partial<CmdSubmit>, replySize: number): Promise<Buffer> {
    const plugged = this.plugged.get(port);
    if (plugged === undefined) throw new Error(`port ${port} is empty`);
    plugged.socket.write(joinParts(CmdSubmit.encode(submit(fields))));
    while (plugged.received.byteLength < replySize) await once(plugged.socket, 'data');
    return plugged.received;
  }
}
