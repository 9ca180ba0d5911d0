import { asError } from '../../../codecs/core/errors.ts';
import { RedirectionClient } from '../../engine/client.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Transport } from '../../ports/transport.ts';
import type { UsbDevice } from '../../ports/usb.ts';
import { EventLog } from './eventLog.ts';
import { Offer, type OfferKind } from './offer.ts';

/** Where the connection of a page stands. */
export type ConnectionState =
  /** There is none. `problem`: there was one, or should have been. */
  | { readonly name: 'apart'; readonly problem: string | undefined }
  | { readonly name: 'connecting' }
  | { readonly name: 'connected'; readonly client: RedirectionClient }
  /** The connection is cut. It is tried to go on with it, and the server holds the devices meanwhile. */
  | { readonly name: 'interrupted'; readonly client: RedirectionClient; readonly before: 'connecting' | 'connected' };

export interface PageSessionOptions {
  readonly dial: (token: string) => Promise<Transport>;
  readonly clock: Clock;
  /** Anything has changed. */
  readonly changed: () => void;
}

/** What a page has: a connection, devices, and what happened. */
export class PageSession {
  readonly log: EventLog;
  readonly #options: PageSessionOptions;
  readonly #offers: Offer[] = [];
  #state: ConnectionState = { name: 'apart', problem: undefined };
  #lastId = 0;

  constructor(options: PageSessionOptions) {
    this.#options = options;
    this.log = new EventLog(options.changed);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Those that are there, in the order in which they came. */
  get offers(): readonly Offer[] {
    return this.#offers;
  }

  /** Connects, and gives the devices that are wanted at the server. What goes wrong is told by {@link state}. */
  async connect(token: string): Promise<void> {
    if (this.#state.name !== 'apart') return;
    this.#enter({ name: 'connecting' });
    try {
      const transport = await this.#options.dial(token);
      const client: RedirectionClient = new RedirectionClient(transport, {
        clock: this.#options.clock,
        // A gateway lets in first and looks at the token then: there is a connection when the server has said something.
        onChannel: () => this.#connected(client),
        onInterrupted: (hold, cause) => this.#interrupted(client, hold, cause),
        onResumed: () => this.#resumed(client),
      });
      void client.closed.then((error) => this.#apart(error?.message));
    } catch (error) {
      this.#apart(asError(error).message);
    }
  }

  /** Takes all devices back and ends the connection. They are given again with the next one. */
  async disconnect(): Promise<void> {
    if ('client' in this.#state) await this.#state.client.close();
  }

  /** A device that this page has from now on. */
  add(device: UsbDevice, kind: OfferKind): Offer {
    const known = this.#offers.find((each) => each.origin === device);
    if (known !== undefined) return known;
    this.#lastId += 1;
    const offer = new Offer({ id: this.#lastId, kind, origin: device }, this.#options.clock, this.log, () => {
      if (offer.state.name === 'gone') this.#remove(offer);
      this.#options.changed();
    });
    this.#offers.push(offer);
    this.#options.changed();
    return offer;
  }

  /** Gives a device to the server, now or as soon as there is a connection. */
  async give(offer: Offer): Promise<void> {
    offer.isWanted = true;
    if ('client' in this.#state) await offer.give(this.#state.client);
    else this.#options.changed();
  }

  /** A device that this page does not have any more. */
  async remove(offer: Offer): Promise<void> {
    await offer.takeBack();
    this.#remove(offer);
    this.#options.changed();
  }

  #connected(client: RedirectionClient): void {
    if (this.#state.name !== 'connecting') return;
    this.#enter({ name: 'connected', client });
    this.log.add('Connected.');
    for (const offer of this.#offers) if (offer.isWanted) void offer.give(client);
  }

  #interrupted(client: RedirectionClient, hold: number, cause: Error | undefined): void {
    const { name: before } = this.#state;
    if (before !== 'connected' && before !== 'connecting') return;
    this.#enter({ name: 'interrupted', client, before });
    const time = Math.ceil(hold / 1000);
    const why = cause?.message ?? 'The connection was lost';
    this.log.add(`${why}. This page tries for ${time} s to go on; the devices stay where they are.`);
  }

  #resumed(client: RedirectionClient): void {
    if (this.#state.name !== 'interrupted') return;
    this.#enter(this.#state.before === 'connected' ? { name: 'connected', client } : { name: 'connecting' });
    this.log.add('The connection goes on. Nothing was lost.');
  }

  #remove(offer: Offer): void {
    const index = this.#offers.indexOf(offer);
    if (index >= 0) this.#offers.splice(index, 1);
  }

  #apart(problem: string | undefined): void {
    this.#enter({ name: 'apart', problem });
    this.log.add(problem ?? 'The connection is over.');
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#options.changed();
  }
}
