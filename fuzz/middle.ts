import { capturing } from '../src/capture/capturingDevice.ts';
import { UsbCapture } from '../src/capture/usbCapture.ts';
import { CdcAcm } from '../src/devices/virtual/cdcAcm.ts';
import { GadgetZero } from '../src/devices/virtual/gadgetZero.ts';
import { HidKeyboard } from '../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../src/devices/virtual/memoryBlocks.ts';
import { OsrFx2 } from '../src/devices/virtual/osrFx2.ts';
import type { VirtualDevice } from '../src/devices/virtual/virtualDevice.ts';
import { VirtualDevices } from '../src/devices/virtual/virtualDevices.ts';
import { RedirectionClient } from '../src/engine/client.ts';
import { RedirectionServer } from '../src/engine/server.ts';
import { RemoteUsb } from '../src/hosts/remoteDevice/remoteUsb.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Transport } from '../src/ports/transport.ts';
import type { RedirectedDevice, UsbDevice, UsbOperation, UsbTransfer } from '../src/ports/usb.ts';
import { memoryPair } from '../transports/memory.ts';
import { nextTurn } from './engines.ts';
import { ManualClock } from './manualClock.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import { Violation } from './sessions.ts';

const EMPTY = new Uint8Array(0);
/** CHANNEL_PDU_HEADER, and the shortest header of a DYNVC PDU. */
const HEADERS = 8 + 2;
/** Turns of the event loop, each 20 ms of the connection's own time. */
const TURNS = 200;
const PATIENCE = 400;
const ENDPOINTS = [0x81, 0x01, 0x82, 0x02, 0x83, 0x03, 0x84, 0x06, 0x88];
const NO_ACK = [{}, { noAck: true }] as const;
const BUS_QUERIES = ['frameNumber', 'busTime', 'portStatus', 'hubName', 'busInformation'] as const;

/** What one connection with a meddler in its middle came to. */
export interface MiddleOutcome {
  /** Frames that were changed on their way. */
  readonly changed: number;
  /** Devices that the server got all the same. */
  readonly devices: number;
  readonly operations: number;
}

/**
 * A client with a device and a server that uses it, connected by something that changes one frame in `rarity`. What is
 * submitted must end once, and both ends must close.
 * @throws Violation, or what an engine throws
 */
export async function runMiddle(random: Random, rarity: number): Promise<MiddleOutcome> {
  const clock = new ManualClock();
  const meddler = new Meddler(random, rarity);
  const [left, right] = memoryPair();
  const capture = new UsbCapture({ write: () => {} }, 'fuzz', () => clock.now() * 1000);
  const server = new RedirectionServer(meddler.between(right), { clock });
  const user = new User(random, server, capture);
  const client = new RedirectionClient(meddler.between(left), { clock });
  const device = someDevice(random, clock);
  const source = new VirtualDevices();
  source.add(device);
  await client.attach(capturing(device, capture));
  for (let turn = 0; turn < TURNS; turn += 1) {
    await nextTurn();
    clock.advance(20);
    user.act();
  }
  const end = { isReached: false };
  const closed = Promise.all([client.close(), server.close()]).then(() => source.close());
  void closed.then(() => (end.isReached = true));
  for (let turn = 0; turn < PATIENCE && !end.isReached; turn += 1) {
    await nextTurn();
    clock.advance(1000);
  }
  if (!end.isReached) throw new Violation('the ends do not close');
  user.check();
  return { changed: meddler.changed, devices: user.devices, operations: user.operations };
}

function someDevice(random: Random, clock: Clock): VirtualDevice {
  switch (random.below(5)) {
    case 0:
      return new HidKeyboard();
    case 1:
      return new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(16 * 512)) });
    case 2:
      return new CdcAcm();
    case 3:
      return new OsrFx2();
    default:
      return new GadgetZero({ clock });
  }
}

class Meddler {
  readonly #random: Random;
  readonly #rarity: number;
  #last = new Uint8Array(1);
  /** Frames that get through first, so that it does not always end at the beginning. */
  #untouched: number;
  changed = 0;

  constructor(random: Random, rarity: number) {
    this.#random = random;
    this.#rarity = rarity;
    this.#untouched = random.below(200);
  }

  /** `inner`, but what it receives has been through the meddler's hands. */
  between(inner: Transport): Transport {
    return {
      remote: inner.remote,
      start: (handler) => {
        inner.start({
          received: (frame) => handler.received(this.#pass(frame)),
          drained: () => handler.drained(),
          closed: (error) => handler.closed(error),
        });
      },
      send: (frames) => inner.send(frames),
      pause: () => inner.pause(),
      resume: () => inner.resume(),
      close: () => inner.close(),
    };
  }

  #pass(frame: Uint8Array): Uint8Array {
    const random = this.#random;
    this.#untouched -= 1;
    if (this.#untouched >= 0) return frame;
    if (!random.oneIn(this.#rarity) || frame.byteLength <= HEADERS) return frame;
    this.changed += 1;
    if (random.oneIn(20)) return mutate(random, frame, this.#last);
    const body = mutate(random, frame.subarray(HEADERS), this.#last);
    this.#last = Uint8Array.from(frame);
    const result = new Uint8Array(HEADERS + body.byteLength);
    result.set(frame.subarray(0, HEADERS));
    result.set(body, HEADERS);
    // The static channel's Length still holds, so that the rest gets through.
    new DataView(result.buffer).setUint32(0, result.byteLength - 8, true);
    return result;
  }
}

/** Uses every device that comes in every way there is. */
class User {
  readonly #random: Random;
  readonly #usb = new RemoteUsb();
  readonly #server: RedirectionServer;
  /** Each with the device through which it is used. */
  readonly #present = new Map<RedirectedDevice, UsbDevice>();
  readonly #running = new Map<number, UsbTransfer | undefined>();
  devices = 0;
  operations = 0;
  #complaint: string | undefined;

  constructor(random: Random, server: RedirectionServer, capture: UsbCapture) {
    this.#random = random;
    this.#server = server;
    server.watch((device) => this.#use(device, capturing(device, capture)));
  }

  #use(device: RedirectedDevice, captured: UsbDevice): void {
    this.devices += 1;
    this.#present.set(device, captured);
    device.gone.addEventListener('abort', () => this.#present.delete(device));
    void this.#usb.attach(captured);
    this.#submit(captured, {
      type: 'setConfiguration',
      configurationValue: device.configurationDescriptors[0]?.[5] ?? 1,
    });
  }

  /** One turn's work. */
  act(): void {
    const random = this.#random;
    for (const [device, captured] of this.#present) {
      for (let count = random.below(4); count > 0; count -= 1) this.#submit(captured, this.#operation());
      if (random.oneIn(30)) void device.queryDeviceText('description', 0x409).catch(() => {});
      if (random.oneIn(1000)) this.#server.refuse(device);
    }
    if (random.oneIn(3)) for (const transfer of this.#running.values()) if (random.oneIn(3)) transfer?.cancel();
  }

  /** Everything has ended, once. */
  check(): void {
    if (this.#complaint !== undefined) throw new Violation(this.#complaint);
    if (this.#running.size > 0) throw new Violation(`${this.#running.size} operations never ended`);
  }

  #submit(device: UsbDevice, operation: UsbOperation): void {
    this.operations += 1;
    const id = this.operations;
    this.#running.set(id, undefined);
    const transfer = device.submit(operation, () => {
      if (!this.#running.delete(id)) this.#complaint = `${operation.type} ended twice`;
    });
    if (this.#running.has(id)) this.#running.set(id, transfer);
  }

  #operation(): UsbOperation {
    const random = this.#random;
    const endpointAddress = random.pick(ENDPOINTS);
    const isIn = (endpointAddress & 0x80) !== 0;
    switch (random.below(11)) {
      case 0:
        return { type: 'setInterface', interfaceNumber: random.below(2), alternateSetting: random.below(2) };
      case 1:
        return { type: random.pick(['clearHalt', 'resetEndpoint', 'abortEndpoint'] as const), endpointAddress };
      case 2:
        return { type: random.oneIn(60) ? 'cyclePort' : 'resetDevice' };
      case 3:
      case 4: {
        const wLength = random.pick([0, 1, 8, 18, 255, 4096]);
        const bmRequestType = random.pick([0x00, 0x80, 0x81, 0x82, 0xa1, 0x21, 0xc0, 0x40, 0x02]);
        const wValue = random.pick([0, 1, 0x100, 0x200, 0x300, 0x302, 0x2200]);
        const setup = { bmRequestType, bRequest: random.below(16), wValue, wIndex: random.below(2), wLength };
        const data = (bmRequestType & 0x80) === 0 ? random.bytes(wLength) : EMPTY;
        return { type: 'control', setup, data, timeout: random.pick([0, 1000]) };
      }
      case 5: {
        const packetLengths = Array.from({ length: random.below(5) }, () => random.below(200));
        const startFrame = undefined;
        if (isIn) return { type: 'isochronousIn', endpointAddress, packetLengths, startFrame };
        const data = random.bytes(packetLengths.reduce((sum, length) => sum + length, 0));
        return { type: 'isochronousOut', endpointAddress, data, packetLengths, startFrame, ...random.pick(NO_ACK) };
      }
      case 6:
        return { type: 'queryBus', query: random.pick(BUS_QUERIES) };
      default:
        return isIn
          ? { type: 'transferIn', endpointAddress, length: random.pick([0, 1, 13, 64, 512, 4096]) }
          : { type: 'transferOut', endpointAddress, data: random.bytes(random.pick([0, 1, 31, 512, 3000])) };
    }
  }
}
