import type { ConnectionIdentity } from '../../ports/transport.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbDeviceSource } from '../../ports/usb.ts';
import { bulkOnlyFunctions } from '../../usb/massStorage/bulkOnlyFunctions.ts';
import { Medium } from './medium.ts';
import { RejoiningDevice, type RejoinSettings } from './rejoiningDevice.ts';

/** What becomes of devices whose client may come back. */
export type RejoinEvent =
  /** The connection is lost, and these wait for the client for so many milliseconds. */
  | { readonly type: 'waiting'; readonly devices: readonly UsbDeviceIdentity[]; readonly time: number }
  | { readonly type: 'rejoined'; readonly device: UsbDeviceIdentity }
  /** The client has brought another one in its place; `reason` is a phrase. */
  | { readonly type: 'different'; readonly device: UsbDeviceIdentity; readonly reason: string };

/** The devices of one connection. */
export type ClientSource = UsbDeviceSource & Required<Pick<UsbDeviceSource, 'connection' | 'closed'>>;

/** Options of {@link RejoiningClients}. */
export interface RejoinOptions extends RejoinSettings {
  /** Told what becomes of the devices of a client. What it throws is ignored: that decides about no device. */
  readonly onEvent?: (source: UsbDeviceSource, event: RejoinEvent) => void;
}

const HID = 0x03;
const MASS_STORAGE = 0x08;

/**
 * The devices of one client over all its connections. Those of HID and mass storage wait for it when a connection is lost;
 * others are gone with theirs.
 */
export class RejoiningSource implements ClientSource {
  readonly name: string;
  readonly connection: ConnectionIdentity;
  /** Resolves when the connection is over and no device waits any more. */
  readonly closed: Promise<Error | undefined>;
  readonly #options: RejoinOptions;
  readonly #listeners = new Set<{ readonly added: (device: UsbDevice) => void }>();
  /** As they are offered, those that are there or waited for. */
  readonly #offered = new Set<UsbDevice>();
  readonly #seen = new WeakSet<UsbDevice>();
  /** Undefined while the client is away. */
  #source: ClientSource | undefined;
  #stopWatching: () => void = () => {};
  #error: Error | undefined;
  #isOver = false;
  #resolveClosed: (error: Error | undefined) => void = () => {};

  constructor(source: ClientSource, options: RejoinOptions) {
    this.name = source.name;
    this.connection = source.connection;
    this.#options = options;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#follow(source);
  }

  /** Whether the client is there, or devices wait for it. */
  get isOpen(): boolean {
    return !this.#isOver;
  }

  list(): Promise<readonly UsbDevice[]> {
    return Promise.resolve([...this.#offered]);
  }

  watch(added: (device: UsbDevice) => void): () => void {
    // An object of its own, so that the same function can be given twice.
    const listener = { added };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refuse(device: UsbDevice, reason: string, explanation?: string): void {
    const isHeld = device instanceof RejoiningDevice;
    this.#source?.refuse(isHeld ? device.current : device, reason, explanation);
    if (isHeld && device.state !== 'present') device.giveUp(reason);
  }

  /**
   * The client is back with a new connection, which has ended the one before. False: nothing waits for it, and the source is
   * over.
   */
  async rejoin(source: ClientSource): Promise<boolean> {
    await this.#source?.closed;
    // What follows from that, first.
    await Promise.resolve();
    if (this.#isOver || this.#source !== undefined) return false;
    this.#follow(source);
    return true;
  }

  async close(): Promise<void> {
    const source = this.#source;
    this.#giveUp('its session is closed');
    await source?.close();
    this.#finish();
  }

  #follow(source: ClientSource): void {
    this.#source = source;
    this.#stopWatching = source.watch((device) => void this.#arrived(source, device));
    void source.list().then((devices) => devices.forEach((device) => void this.#arrived(source, device)));
    void source.closed.then((error) => this.#lost(source, error));
  }

  #lost(source: ClientSource, error: Error | undefined): void {
    if (this.#source !== source) return;
    this.#source = undefined;
    this.#error = error;
    this.#stopWatching();
    const waiting = this.#waiting();
    const { time } = this.#options;
    if (waiting.length === 0) this.#finish();
    else this.#tell({ type: 'waiting', devices: waiting.map(({ identity }) => identity), time });
  }

  async #arrived(source: ClientSource, device: UsbDevice): Promise<void> {
    if (this.#seen.has(device)) return;
    this.#seen.add(device);
    const expected = this.#expected(device);
    if (expected !== undefined) {
      const { identity } = device;
      const reason = await expected.rejoin(device);
      this.#tell(
        reason === undefined ? { type: 'rejoined', device: identity } : { type: 'different', device: identity, reason },
      );
      if (reason === undefined) return;
    }
    const offered = await this.#offer(device);
    if (device.gone.aborted || this.#source !== source) return;
    this.#offered.add(offered);
    offered.gone.addEventListener('abort', () => this.#gone(offered), { once: true });
    for (const { added } of [...this.#listeners]) added(offered);
  }

  /** The one that is waited for; of several that look alike the one that was at the same place. */
  #expected(device: UsbDevice): RejoiningDevice | undefined {
    const alike = this.#waiting().filter((each) => each.state === 'away' && isAlike(each, device));
    const { serialNumber, portPath } = device.identity;
    if (alike.length === 1 && serialNumber !== undefined) return alike[0];
    return alike.find(({ identity }) => identity.portPath === portPath);
  }

  /** As it is offered: one that can be waited for, where that makes sense. */
  async #offer(device: UsbDevice): Promise<UsbDevice> {
    const classes = device.configurations.flatMap(({ interfaces }) => interfaces.map((each) => each.interfaceClass));
    const canWait = classes.length > 0 && classes.every((each) => each === HID || each === MASS_STORAGE);
    if (!canWait) return device;
    if (!classes.includes(MASS_STORAGE)) return new RejoiningDevice(device, this.#options, undefined);
    const medium = await this.#readMedium(device);
    return medium === undefined ? device : new RejoiningDevice(device, this.#options, medium);
  }

  /** Undefined where there is none, or nothing by which it could be recognised. */
  async #readMedium(device: UsbDevice): Promise<Medium | undefined> {
    if (!device.configurations.some(({ interfaces }) => bulkOnlyFunctions(interfaces).length > 0)) return undefined;
    try {
      const storage = await this.#options.openStorage(device);
      try {
        return await Medium.read(storage);
      } finally {
        await storage.close();
      }
    } catch {
      return undefined;
    }
  }

  #waiting(): readonly RejoiningDevice[] {
    return [...this.#offered]
      .filter((each) => each instanceof RejoiningDevice)
      .filter((each) => each.state !== 'present');
  }

  #gone(device: UsbDevice): void {
    this.#offered.delete(device);
    if (this.#source === undefined && this.#waiting().length === 0) this.#finish();
  }

  #giveUp(reason: string): void {
    for (const device of this.#waiting()) device.giveUp(reason);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWatching();
    this.#resolveClosed(this.#error);
  }

  #tell(event: RejoinEvent): void {
    try {
      this.#options.onEvent?.(this, event);
    } catch {
      // The devices are none the worse for it.
    }
  }
}

/** The clients that may come back, by what they prove. */
export class RejoiningClients {
  readonly #options: RejoinOptions;
  readonly #sources = new Map<string, RejoiningSource>();

  constructor(options: RejoinOptions) {
    this.#options = options;
  }

  /**
   * The source of the devices of a new connection. Undefined: it goes on with one that is there, in its place. A client that
   * cannot prove later that it is the same has its own source.
   */
  async sourceOf(source: ClientSource): Promise<ClientSource | undefined> {
    const { session } = source.connection;
    if (session === undefined) return source;
    const earlier = this.#sources.get(session);
    if (earlier !== undefined && (await earlier.rejoin(source))) return undefined;
    const created = new RejoiningSource(source, this.#options);
    this.#sources.set(session, created);
    void created.closed.then(() => {
      if (this.#sources.get(session) === created) this.#sources.delete(session);
    });
    return created;
  }
}

/** Ids and descriptors are the same, to the byte. */
function isAlike(one: UsbDevice, other: UsbDevice): boolean {
  const [first, second] = [one.identity, other.identity];
  return (
    first.serialNumber === second.serialNumber &&
    isSame(one.deviceDescriptor, other.deviceDescriptor) &&
    one.configurationDescriptors.length === other.configurationDescriptors.length &&
    one.configurationDescriptors.every((each, index) => isSame(each, other.configurationDescriptors[index]))
  );
}

function isSame(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.byteLength === other?.byteLength && one.every((byte, index) => byte === other[index]);
}
