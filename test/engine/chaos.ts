import { expect } from 'chai';
import type { RedirectionClient, Redirection } from '../../src/engine/client.ts';
import type { RedirectedDevice, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { EchoDevice } from './echoDevice.ts';
import { randomNumbers } from './mutations.ts';
import { stack, turns } from './stack.ts';

const STEPS = 400;

type Random = (below: number) => number;

/** An {@link EchoDevice} whose results come at once, or later, or later and in another order. */
class UnpunctualDevice extends EchoDevice {
  readonly #random: Random;

  constructor(random: Random) {
    super();
    this.#random = random;
  }

  override async open(): Promise<void> {
    if (this.#random(2) === 0) await turns(this.#random(5));
    await super.open();
  }

  override async close(): Promise<void> {
    if (this.#random(2) === 0) await turns(this.#random(5));
    await super.close();
  }

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    const delay = this.#random(4);
    if (delay === 0) return super.submit(operation, complete);
    return super.submit(operation, (result) => void turns(delay).then(() => complete(result)));
  }
}

/** An operation of the test, and how often it ended. */
interface Watched {
  readonly operation: UsbOperation;
  readonly transfer: UsbTransfer;
  completions: number;
}

class Chaos {
  readonly #random: Random;
  readonly #stack = stack();
  readonly devices: UnpunctualDevice[] = [];
  readonly operations: Watched[] = [];
  readonly #redirections: Redirection[] = [];
  readonly #redirecting: Promise<unknown>[] = [];
  /** Closed by the test. */
  #isOver = false;

  constructor(random: Random) {
    this.#random = random;
  }

  async start(): Promise<void> {
    this.#redirect(this.#stack.client);
    this.#redirect(this.#stack.client);
    await this.#stack.host.added(2);
  }

  async step(): Promise<void> {
    const { host, client, server, transports } = this.#stack;
    const device = this.#pick(host.devices.slice(-4));
    switch (this.#random(this.#isOver ? 12 : 100)) {
      case 0:
      case 1:
        this.#redirect(client);
        return;
      case 2:
        void this.#pick(this.#redirections)?.release();
        return;
      case 3:
        this.#pick(this.devices)?.unplug();
        return;
      case 4:
        if (device !== undefined) server.refuse(device);
        return;
      case 5:
        void device?.close().then(() => device.open().catch(() => {}));
        return;
      case 6:
        void device?.queryDeviceText('description', 0x409).catch(() => {});
        return;
      case 7:
        // Rare, for it is the end.
        if (this.#random(12) > 0) return;
        this.#isOver = true;
        switch (this.#random(4)) {
          case 0:
            void client.close();
            return;
          case 1:
            void server.close();
            return;
          default:
            void transports[this.#random(2)]?.close();
            return;
        }
      case 8:
        await turns(this.#random(8));
        return;
      default:
        if (device !== undefined) this.#operate(device);
        if (this.#random(3) === 0) this.#pick(this.operations)?.transfer.cancel();
        if (this.#random(4) === 0) await turns(1);
    }
  }

  async end(): Promise<void> {
    await this.#stack.client.close();
    await this.#stack.server.close();
    await Promise.all(this.#redirecting);
    await Promise.all(this.#redirections.map(({ ended }) => ended));
    await turns(20);
  }

  #redirect(client: RedirectionClient): void {
    const device = new UnpunctualDevice(this.#random);
    this.devices.push(device);
    const redirecting = client.attach(device).then(
      (redirection) => this.#redirections.push(redirection),
      () => {},
    );
    this.#redirecting.push(redirecting);
  }

  #operate(device: RedirectedDevice): void {
    const operation = this.#pick<UsbOperation>([
      { type: 'setConfiguration', configurationValue: this.#random(3) },
      { type: 'transferIn', endpointAddress: 0x81, length: 64 },
      { type: 'transferIn', endpointAddress: 0x81, length: 64 },
      { type: 'transferOut', endpointAddress: 0x02, data: new Uint8Array(this.#random(3000)) },
      { type: 'abortEndpoint', endpointAddress: 0x81 },
      { type: 'resetDevice' },
      { type: 'setInterface', interfaceNumber: 0, alternateSetting: this.#random(2) },
      { type: 'clearHalt', endpointAddress: 0x81 },
      { type: 'queryBus', query: 'frameNumber' },
      { type: 'queryBus', query: 'hubName' },
    ])!;
    const watched = { operation, completions: 0 };
    const transfer = device.submit(operation, () => {
      watched.completions += 1;
      // From inside a completion anything may be called.
      if (this.#random(10) === 0) this.#pick(this.operations)?.transfer.cancel();
      if (this.#random(40) === 0) this.#stack.server.refuse(device);
      if (this.#random(10) === 0) this.#operate(device);
    });
    this.operations.push(Object.assign(watched, { transfer }));
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#random(from.length)];
  }
}

/** So many connections, and what happens in them. */
export function testChaos(runs: number): void {
  it('each operation ends once, and each device that was opened is closed once', async () => {
    for (let run = 1; run <= runs; run += 1) {
      const chaos = new Chaos(randomNumbers(run));
      await chaos.start();
      for (let step = 0; step < STEPS; step += 1) await chaos.step();
      await chaos.end();
      const calls = chaos.devices.map((device) => device.calls.join());
      expect(
        calls.filter((each) => each !== 'open,close' && each !== ''),
        `seed ${run}: devices`,
      ).to.deep.equal([]);
      const odd = chaos.operations.filter(({ completions }) => completions !== 1);
      expect(
        odd.map(({ operation, completions }) => `${operation.type} ended ${completions} times`),
        `seed ${run}: operations`,
      ).to.deep.equal([]);
    }
  });
}
