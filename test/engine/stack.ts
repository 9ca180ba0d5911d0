import { RedirectionClient } from '../../src/engine/client.ts';
import type { ConnectionOptions } from '../../src/engine/options.ts';
import { RedirectionServer, type RedirectionServerOptions } from '../../src/engine/server.ts';
import type { Transport } from '../../src/ports/transport.ts';
import type { RedirectedDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { memoryPair } from '../../transports/memory.ts';

/** A program that remembers the devices of a server and lets tests wait for them. */
export class RecordingHost {
  readonly devices: RedirectedDevice[] = [];
  readonly removed: RedirectedDevice[] = [];
  readonly #waiting: { when: () => boolean; resolve: () => void }[] = [];

  watch(server: RedirectionServer): RedirectionServer {
    server.watch((device) => {
      this.devices.push(device);
      device.gone.addEventListener('abort', () => {
        this.removed.push(device);
        this.#check();
      });
      this.#check();
    });
    return server;
  }

  async added(count = 1): Promise<RedirectedDevice> {
    await this.#until(() => this.devices.length >= count);
    return this.devices[count - 1]!;
  }

  async gone(count = 1): Promise<void> {
    await this.#until(() => this.removed.length >= count);
  }

  #until(when: () => boolean): Promise<void> {
    if (when()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ when, resolve }));
  }

  #check(): void {
    for (const each of this.#waiting) if (each.when()) each.resolve();
  }
}

export interface Stack {
  readonly host: RecordingHost;
  readonly client: RedirectionClient;
  readonly server: RedirectionServer;
  /** What either end dropped. */
  readonly ignored: string[];
  /** Devices that the server had to give up. */
  readonly failed: string[];
  /** The client's and the server's. */
  readonly transports: [Transport, Transport];
}

export interface StackOptions {
  readonly client?: ConnectionOptions;
  readonly server?: Partial<RedirectionServerOptions>;
}

/** A client and a server, connected in memory. */
export function stack(options: StackOptions = {}): Stack {
  const transports = memoryPair();
  const host = new RecordingHost();
  const ignored: string[] = [];
  const failed: string[] = [];
  const onIgnored = (error: Error) => ignored.push(error.message);
  const onDeviceFailed = (error: Error) => failed.push(error.message);
  const server = host.watch(new RedirectionServer(transports[1], { onIgnored, onDeviceFailed, ...options.server }));
  const client = new RedirectionClient(transports[0], { onIgnored, ...options.client });
  return { host, client, server, ignored, failed, transports };
}

export function perform(device: RedirectedDevice, operation: UsbOperation): Promise<UsbResult> {
  return new Promise((resolve) => device.submit(operation, resolve));
}

export const configure = (device: RedirectedDevice) =>
  perform(device, { type: 'setConfiguration', configurationValue: 1 });
export const read = (device: RedirectedDevice, length: number) =>
  perform(device, { type: 'transferIn', endpointAddress: 0x81, length });
export const write = (device: RedirectedDevice, data: Uint8Array) =>
  perform(device, { type: 'transferOut', endpointAddress: 0x02, data });

/** As many turns of the event loop as anything needs to happen in memory. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}
