import type { Redirection } from '../../engine/client.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AttachmentEnd, UsbDevice } from '../../ports/usb.ts';
import type { EventLog } from './eventLog.ts';
import { protectedClass } from './browserLimits.ts';
import { Rates } from './rates.ts';
import { WatchedDevice } from './watchedDevice.ts';

/** Where a device of this page is. */
export type OfferState =
  /** Here. `why`: it was at the server and is no longer. */
  | { readonly name: 'here'; readonly why: string | undefined }
  /** It is being opened, or the server has not been told of it. */
  | { readonly name: 'going' }
  /** The server knows of it. `isUsed`: and has asked something of it. */
  | { readonly name: 'given'; readonly isUsed: boolean }
  | { readonly name: 'gone' };

/** What a device is made of. */
export type OfferKind = 'usb' | 'image' | 'keyboard' | 'serial';

/** Takes devices to the server. */
export interface OfferSink {
  attach(device: UsbDevice): Promise<Redirection>;
}

/** A device that this page can give to the server. */
export class Offer {
  /** Counted from 1. */
  readonly id: number;
  readonly kind: OfferKind;
  /** The device as its source has it. */
  readonly origin: UsbDevice;
  readonly device: UsbDevice;
  /** For people. */
  readonly name: string;
  readonly rates = new Rates();
  /** The person wants it to be at the server. */
  isWanted = false;
  readonly #clock: Clock;
  readonly #log: EventLog;
  readonly #changed: () => void;
  #state: OfferState = { name: 'here', why: undefined };
  #redirection: Redirection | undefined;

  constructor(
    { id, kind, origin }: Pick<Offer, 'id' | 'kind' | 'origin'>,
    clock: Clock,
    log: EventLog,
    changed: () => void,
  ) {
    this.id = id;
    this.kind = kind;
    this.origin = origin;
    this.#clock = clock;
    this.#log = log;
    this.#changed = changed;
    this.name = origin.identity.productName ?? `Device ${idsOf(origin)}`;
    this.device = new WatchedDevice(origin, clock, {
      ended: (request) => {
        this.rates.note(request, clock.now());
        if (this.#state.name === 'given' && !this.#state.isUsed) this.#enter({ name: 'given', isUsed: true });
      },
      told: (sentence) => this.tell(sentence),
    });
    origin.gone.addEventListener('abort', () => {
      this.#enter({ name: 'gone' });
      this.tell('It was unplugged.');
    });
  }

  get state(): OfferState {
    return this.#state;
  }

  /** Interfaces that the browser will keep for itself, and what they are. */
  get keptInterfaces(): readonly string[] {
    if (this.kind !== 'usb') return [];
    const settings = this.device.configurations.flatMap(({ interfaces }) => interfaces);
    const kept = settings.flatMap(({ interfaceNumber, interfaceClass }) => {
      const name = protectedClass(interfaceClass);
      return name === undefined ? [] : [`${interfaceNumber} (${name})`];
    });
    return [...new Set(kept)];
  }

  /** Gives it to the server, where it is wanted. What goes wrong is told in the log. */
  async give(sink: OfferSink): Promise<void> {
    if (this.#state.name !== 'here') return;
    this.#enter({ name: 'going' });
    let redirection: Redirection;
    try {
      redirection = await sink.attach(this.device);
    } catch (error) {
      this.#back(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#redirection = redirection;
    // It was taken back while it was being opened.
    if (!this.isWanted) void redirection.release();
    void redirection.announced.then(() => {
      if (this.#state.name !== 'going') return;
      this.#enter({ name: 'given', isUsed: false });
      this.tell('It was given to the server.');
    });
    void redirection.ended.then((end) => {
      this.#redirection = undefined;
      if (this.#state.name !== 'gone') this.#back(wordsFor(end));
    });
  }

  /** Takes it back from the server. */
  async takeBack(): Promise<void> {
    this.isWanted = false;
    await this.#redirection?.release();
  }

  /** The rates of the last minute. */
  ratesNow() {
    return this.rates.at(this.#clock.now());
  }

  /** Something happened to it. */
  tell(sentence: string): void {
    this.#log.add(sentence, this.name);
  }

  #back(why: string): void {
    this.#enter({ name: 'here', why });
    this.tell(why);
  }

  #enter(state: OfferState): void {
    this.#state = state;
    this.#changed();
  }
}

function wordsFor(end: AttachmentEnd): string {
  switch (end.reason) {
    case 'released':
      return 'You took it back.';
    case 'unplugged':
      return 'It was unplugged.';
    case 'refused':
      return 'The server does not want this device.';
    case 'returned':
      return 'The server gave it back.';
    case 'closed':
      return 'The connection is over.';
    case 'failed':
      return `It came back, as something went wrong: ${end.error?.message ?? 'nobody knows what'}.`;
  }
}

/** `1209:0001` */
export function idsOf({ identity: { vendorId, productId } }: Pick<UsbDevice, 'identity'>): string {
  return [vendorId, productId].map((id) => id.toString(16).padStart(4, '0')).join(':');
}
