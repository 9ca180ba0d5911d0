import { asError } from '../../codecs/core/errors.ts';
import type { Redirection, RedirectionClient } from '../engine/client.ts';
import type { ConnectionIdentity } from '../ports/transport.ts';
import type { UsbDevice, UsbDeviceSink } from '../ports/usb.ts';
import { oneLine } from './failure.ts';
import { describeRoundTrip } from './peerOption.ts';
import type { RedirectionReport } from './redirectionReport.ts';
import type { Terminal } from './terminal.ts';

/** A client as the hub's sink, which tells people what becomes of each device that it is given. */
export class Offers implements UsbDeviceSink {
  readonly name: string;
  readonly connection: ConnectionIdentity;
  readonly closed: Promise<Error | undefined>;
  readonly #client: RedirectionClient;
  readonly #report: RedirectionReport;
  readonly #terminal: Terminal;
  /** Has the server show its person a line, where it can. */
  readonly notify: (text: string) => void;
  /** Of the devices that are there from the start; undefined once they were all tried. */
  #first: { readonly errors: Error[]; redirected: number } | undefined = { errors: [], redirected: 0 };
  #connectionEnded = false;

  constructor(
    client: RedirectionClient,
    report: RedirectionReport,
    terminal: Terminal,
    notify: (text: string) => void,
  ) {
    this.notify = notify;
    this.#client = client;
    this.#report = report;
    this.#terminal = terminal;
    this.name = client.name;
    this.connection = client.connection;
    this.closed = client.closed;
  }

  /** Whether a device was given back because the connection was over. */
  get connectionEnded(): boolean {
    return this.#connectionEnded;
  }

  async attach(device: UsbDevice): Promise<Redirection> {
    try {
      const redirection = await this.#client.attach(device);
      if (this.#first !== undefined) this.#first.redirected += 1;
      this.#report.follow(redirection);
      void redirection.announced.then(() => {
        const away = describeRoundTrip(this.#client.roundTrip);
        if (away !== undefined) this.#terminal.detail(`${this.name} is ${away}`);
      });
      void redirection.ended.then(({ reason }) => (this.#connectionEnded ||= reason === 'closed'));
      return redirection;
    } catch (error) {
      if (this.#first === undefined) this.#terminal.warn(oneLine(error));
      else this.#first.errors.push(asError(error));
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** The error with which the first devices failed, where all did and the command is not to go on; else they are told. */
  endOfFirst(goesOn: boolean): Error | undefined {
    const { errors, redirected } = this.#first ?? { errors: [], redirected: 0 };
    this.#first = undefined;
    const [first] = errors;
    if (!goesOn && redirected === 0 && first !== undefined) return first;
    for (const error of errors) this.#terminal.warn(oneLine(error));
    return undefined;
  }
}
