import type { ImportClaimant, ImportSharing, LentDevice } from '../hosts/usbipServer/usbipServer.ts';
import { forTime } from '../hub/claimantName.ts';
import { DeviceShare, type DeviceShareEvent } from '../hub/deviceShare.ts';
import { GatedDevice } from '../hub/gatedDevice.ts';
import type { HubDevice, HubEvent, Person } from '../hub/hubDevice.ts';
import { NOT_USED_HERE, policyDevice } from '../policy/policyDevice.ts';
import type { ShareRule } from '../policy/rule.ts';
import { decideShare } from '../policy/shareRules.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice } from '../ports/usb.ts';

/** Options of {@link ImportShare}. */
export interface ImportShareOptions {
  readonly clock: Clock;
  /** Before the defaults. */
  readonly rules: readonly ShareRule[];
  /** Milliseconds that a client waits in the queue. */
  readonly wait: number;
  readonly person: Person;
  /** Those of the hub, for the person and the lines. */
  readonly devices: () => readonly HubDevice[];
  readonly tell: (event: HubEvent) => void;
}

interface Row {
  readonly device: UsbDevice;
  readonly share: DeviceShare<ImportClaimant>;
  readonly answers: Map<ImportClaimant, (why: string | undefined) => void>;
  gate: GatedDevice | undefined;
  /** The present holder has it from another one. */
  isTaken: boolean;
  isForced: boolean;
  question: AbortController | undefined;
  disarm: (() => void) | undefined;
}

/** Clients of USB/IP that want one device: who has it is decided as for the sinks of a hub, and it changes hands as there. */
export class ImportShare implements ImportSharing {
  readonly #options: ImportShareOptions;
  readonly #rows = new WeakMap<UsbDevice, Row>();

  constructor(options: ImportShareOptions) {
    this.#options = options;
  }

  claim(device: UsbDevice, claimant: ImportClaimant): Promise<string | undefined> {
    const { rules, wait, clock } = this.#options;
    const row = this.#row(device);
    return new Promise((resolve) => {
      row.answers.set(claimant, resolve);
      const leave = () => {
        this.#apply(row, row.share.withdraw(claimant));
        this.#answer(row, claimant, 'it has left');
      };
      claimant.left.addEventListener('abort', leave, { once: true });
      const rule = decideShare(rules, policyDevice(device, NOT_USED_HERE));
      this.#apply(row, row.share.claim({ claimant, want: 'take', wait }, rule, clock.now()));
      if (claimant.left.aborted) leave();
    });
  }

  lend(device: UsbDevice): LentDevice {
    const row = this.#row(device);
    row.gate = new GatedDevice(device, this.#options.clock, row.isTaken ? row.gate : undefined);
    row.isForced = false;
    return row.gate;
  }

  released(device: UsbDevice, claimant: ImportClaimant): void {
    const row = this.#row(device);
    const { state } = row.share;
    if (state.name === 'free' || state.holder !== claimant) return;
    row.gate?.leave();
    this.#apply(row, row.share.released(this.#options.clock.now()));
  }

  #row(device: UsbDevice): Row {
    const known = this.#rows.get(device);
    if (known !== undefined) return known;
    const row: Row = {
      ...{ device, share: new DeviceShare<ImportClaimant>(), answers: new Map(), gate: undefined },
      ...{ isTaken: false, isForced: false, question: undefined, disarm: undefined },
    };
    this.#rows.set(device, row);
    device.gone.addEventListener('abort', () => this.#apply(row, row.share.end('it is gone')), { once: true });
    return row;
  }

  #apply(row: Row, events: readonly DeviceShareEvent<ImportClaimant>[]): void {
    for (const event of events) this.#on(row, event);
    row.disarm?.();
    row.disarm = undefined;
    const { clock } = this.#options;
    const next = row.share.nextTimeout();
    if (next === undefined) return;
    row.disarm = clock.after(next - clock.now(), () => this.#apply(row, row.share.handleTimeout(clock.now())));
  }

  #on(row: Row, event: DeviceShareEvent<ImportClaimant>): void {
    switch (event.type) {
      case 'granted': {
        const { claimant, from, since } = event;
        row.isTaken = from !== undefined;
        const { isForced } = row;
        if (from !== undefined) {
          const names = { from: from.name, to: claimant.name };
          this.#tell(row, (entry) => ({ type: 'deviceTaken', entry, ...names, since, isForced }));
        }
        this.#answer(row, claimant, undefined);
        return;
      }
      case 'refused': {
        const { claimant, since, reason } = event;
        const holder = event.holder?.name;
        const names = { claimant: claimant.name, holder };
        this.#tell(row, (entry) => ({ type: 'deviceRefused', entry, ...names, since, reason }));
        const has = since === undefined ? '' : `; ${holder ?? '?'} has had it for ${this.#age(since)}`;
        this.#answer(row, claimant, `${reason}${has}`);
        return;
      }
      case 'queued':
        this.#claimed(row, 'queued', event);
        return;
      case 'noticed':
        this.#claimed(row, 'noticed', event);
        return;
      case 'holderAsked':
        this.#claimed(row, 'asked', event);
        void this.#ask(row, event);
        return;
      case 'questionWithdrawn':
        row.question?.abort();
        row.question = undefined;
        return;
      case 'handOver':
        void event.holder.handOver();
        return;
      case 'forced':
        row.isForced = true;
        void event.holder.cut(row.share.state.name === 'leaving' && row.share.state.claimant !== undefined);
    }
  }

  #claimed(
    row: Row,
    how: 'asked' | 'queued' | 'noticed',
    event: { readonly claimant: ImportClaimant | undefined; readonly holder: ImportClaimant; readonly since: number },
  ): void {
    const { claimant, since } = event;
    if (claimant === undefined) return;
    const names = { claimant: claimant.name, holder: event.holder.name };
    this.#tell(row, (entry) => ({ type: 'deviceClaimed', entry, ...names, since, how }));
  }

  async #ask(row: Row, event: Extract<DeviceShareEvent<ImportClaimant>, { type: 'holderAsked' }>): Promise<void> {
    const { person, clock } = this.#options;
    const [holder, claimant] = [event.holder.name, event.claimant.name];
    const withdrawn = (row.question = new AbortController());
    const entry = this.#entryOf(row);
    const reason = `wanted by ${claimant}; ${holder} has had it for ${this.#age(event.since)}`;
    const isAsked = person.unavailable === undefined && entry !== undefined;
    const no = isAsked ? undefined : `${holder} has to be asked, but ${person.unavailable ?? 'the device is gone'}`;
    const isYes = isAsked && (await person.ask({ entry, reason, claim: { holder, claimant } }, withdrawn.signal));
    if (withdrawn.signal.aborted) return;
    row.question = undefined;
    this.#apply(row, row.share.answer(isYes, clock.now(), no));
  }

  #age(since: number): string {
    return forTime(this.#options.clock.now() - since);
  }

  #tell(row: Row, event: (entry: HubDevice) => HubEvent): void {
    const entry = this.#entryOf(row);
    if (entry !== undefined) this.#options.tell(event(entry));
  }

  #entryOf({ device }: Row): HubDevice | undefined {
    return this.#options.devices().find(({ state }) => state.name === 'attached' && state.attachment.device === device);
  }

  #answer(row: Row, claimant: ImportClaimant, why: string | undefined): void {
    row.answers.get(claimant)?.(why);
    row.answers.delete(claimant);
  }
}
