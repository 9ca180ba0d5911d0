import type { HubEvent } from '../../src/hub/hubDevice.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink, UsbDeviceSource } from '../../src/ports/usb.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';

/** A sink whose attachments a test ends. */
export class FakeSink implements UsbDeviceSink {
  readonly name: string;
  readonly closed: Promise<Error | undefined>;
  readonly attached: FakeAttachment[] = [];
  /** Thrown by `attach`, when set. */
  rejection: Error | undefined;
  /** When set, `attach` waits for it. */
  gate: Promise<void> | undefined;
  isClosed = false;
  #end: (error: Error | undefined) => void = () => {};

  constructor(name: string) {
    this.name = name;
    this.closed = new Promise((resolve) => (this.#end = resolve));
  }

  async attach(device: UsbDevice): Promise<Attachment> {
    await this.gate;
    if (this.rejection !== undefined) throw this.rejection;
    const attachment = new FakeAttachment(device);
    this.attached.push(attachment);
    return attachment;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  /** The connection to the other end is over. */
  fail(error: Error): void {
    for (const attachment of this.attached) attachment.finish({ reason: 'closed', error });
    this.#end(error);
  }
}

export class FakeAttachment implements Attachment {
  readonly device: UsbDevice;
  readonly ended: Promise<AttachmentEnd>;
  isReleased = false;
  /** What the sink does first when it gives the device back. */
  beforeRelease: () => Promise<void> = () => Promise.resolve();
  #finish: (end: AttachmentEnd) => void = () => {};

  constructor(device: UsbDevice) {
    this.device = device;
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    device.gone.addEventListener('abort', () => this.finish({ reason: 'unplugged' }));
  }

  finish(end: AttachmentEnd): void {
    this.#finish(end);
  }

  async release(): Promise<void> {
    this.isReleased = true;
    await this.beforeRelease();
    this.finish({ reason: 'released' });
  }
}

/** A source that has what a test plugs in, and remembers what was refused. */
export class FakeSource implements UsbDeviceSource {
  readonly name: string;
  readonly connection?: { readonly address: string };
  readonly closed: Promise<Error | undefined>;
  readonly refused: [UsbDevice, string][] = [];
  readonly #devices = new Map<UsbDevice, AbortController>();
  readonly #listeners = new Set<(device: UsbDevice) => void>();
  #end: (error: Error | undefined) => void = () => {};
  isClosed = false;

  constructor(name = 'fake', address?: string) {
    this.name = name;
    if (address !== undefined) this.connection = { address };
    this.closed = new Promise((resolve) => (this.#end = resolve));
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  list(): Promise<readonly UsbDevice[]> {
    return Promise.resolve([...this.#devices.keys()]);
  }

  watch(added: (device: UsbDevice) => void): () => void {
    this.#listeners.add(added);
    return () => this.#listeners.delete(added);
  }

  refuse(device: UsbDevice, reason: string): void {
    this.refused.push([device, reason]);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  plug(portPath = '1-1', productId = 1, like: UsbDevice = new HidKeyboard()): UsbDevice {
    const gone = new AbortController();
    const identity = { ...like.identity, portPath, productId };
    const { deviceDescriptor, configurationDescriptors, configurations } = like;
    const device: UsbDevice = {
      ...{ identity, deviceDescriptor, configurationDescriptors, configurations, gone: gone.signal },
      open: (interfaceNumbers) => like.open(interfaceNumbers),
      close: () => like.close(),
      submit: (operation, complete) => like.submit(operation, complete),
    };
    this.#devices.set(device, gone);
    for (const added of [...this.#listeners]) added(device);
    return device;
  }

  unplug(device: UsbDevice): void {
    const gone = this.#devices.get(device);
    this.#devices.delete(device);
    gone?.abort();
  }

  /** The connection that it comes over is over. */
  fail(error: Error): void {
    this.#end(error);
  }
}

/** An event in a few words: `attached 1 left`. */
export function told(event: HubEvent): string {
  switch (event.type) {
    case 'attached':
      return `attached ${event.entry.id} ${event.sink.name}`;
    case 'rejected':
      return `rejected ${event.entry.id} ${event.sink.name}: ${event.error.message}`;
    case 'ended':
      return `ended ${event.entry.id} ${event.sink.name}: ${event.end.reason}`;
    case 'decided':
      return `decided ${event.entry.id}: ${event.decision.reason}`;
    case 'gone':
      return `gone ${event.entry.id}`;
    case 'deviceClaimed':
      return `${event.how} ${event.entry.id}: ${event.claimant} wants it, ${event.holder} has it`;
    case 'deviceRefused':
      return `refused ${event.entry.id}: ${event.claimant}: ${event.reason}`;
    case 'deviceTaken':
      return `taken ${event.entry.id} from ${event.from} by ${event.to}${event.isForced ? ', by force' : ''}`;
    case 'sessionOpened':
      return `session ${event.session.id} of ${event.session.who}`;
    case 'sessionRefused':
      return `session refused to ${event.who}: ${event.reason}`;
    case 'sessionEnding':
      return `session ${event.session.id} ends: ${event.end.reason}`;
    case 'sessionEnded':
      return `session ${event.session.id} has ended`;
    case 'failed':
      return `failed: ${event.error.message}`;
    case 'sourceAdded':
    case 'sourceRemoved':
      return `${event.type} ${event.source.name}${event.error === undefined ? '' : `: ${event.error.message}`}`;
    case 'sinkAdded':
    case 'sinkRemoved':
      return `${event.type} ${event.sink.name}${event.error === undefined ? '' : `: ${event.error.message}`}`;
  }
}
