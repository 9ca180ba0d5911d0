import { asError } from '../../codecs/core/errors.ts';
import type { ShareDecision } from '../policy/shareRules.ts';
import type { Clock } from '../ports/clock.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink } from '../ports/usb.ts';
import { PartialDevice } from '../usb/partialDevice.ts';
import { forTime, nameOf } from './claimantName.ts';
import type { DeviceRow, SinkClaimant } from './deviceRow.ts';
import type { DeviceClaim, DeviceShareEvent } from './deviceShare.ts';
import { GatedDevice } from './gatedDevice.ts';
import type { ClaimAnswer, HubEvent, Person } from './hubDevice.ts';

/** What {@link Attachments} ask of their hub. */
export interface AttachmentsOptions {
  readonly clock: Clock;
  readonly sinks: ReadonlySet<UsbDeviceSink>;
  /** Asked whether a holder gives a device up. */
  readonly person: Person;
  readonly decorate: (device: UsbDevice, id: number) => UsbDevice;
  readonly emit: (event: HubEvent) => void;
  /** Runs what an embedder gave; tells what it throws, and never rejects. */
  readonly guard: <T>(action: () => Promise<T>) => Promise<T | undefined>;
  /** Has the source take the device back. `explanation`: the words of the sink, where it has some. */
  readonly refuse: (row: DeviceRow, reason: string, explanation?: string) => void;
}

/** An offer to a sink needs no rule: nobody has the device. */
const FREE: ShareDecision = { action: 'refuse', reason: 'somebody has it', notice: 0 };

/** Attaches the devices of a hub to its sinks, follows what becomes of them, and hands them over from one to another. */
export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #claimants = new WeakMap<UsbDeviceSink, SinkClaimant>();

  constructor(options: AttachmentsOptions) {
    this.#options = options;
  }

  /** Offers a free device to the sinks that have not had it, one after the other. */
  async offer(row: DeviceRow): Promise<void> {
    let rejection: Error | undefined;
    while (row.state.name === 'free' && row.share.state.name === 'free' && row.decision?.action === 'allow') {
      const sink = [...this.#options.sinks].find((each) => !row.tried.has(each));
      if (sink === undefined) {
        // Nothing waits for a device that its user could use meanwhile.
        if (rejection !== undefined) this.#options.refuse(row, rejection.message, rejection.message);
        return;
      }
      const claimant = this.claimant(sink);
      row.share.claim({ claimant, want: 'normal', wait: 0 }, FREE, this.#options.clock.now());
      rejection = await this.#attach(row, claimant, false);
    }
  }

  /** A sink claims a device. Resolves when it is clear whether it has it, waits, or is refused. */
  claim(row: DeviceRow, claim: DeviceClaim<SinkClaimant>, rule: ShareDecision): Promise<ClaimAnswer> {
    return new Promise((resolve) => {
      row.answers.push({ claimant: claim.claimant, resolve });
      this.#apply(row, row.share.claim(claim, rule, this.#options.clock.now()));
    });
  }

  /** Takes a device from its holder, for `to` or for whoever is next. Resolves when the holder has no more of it. */
  async takeBack(row: DeviceRow, to?: SinkClaimant): Promise<void> {
    if (row.share.state.name === 'free') return;
    const left = new Promise<void>((resolve) => row.onLeft.push(resolve));
    this.#apply(row, row.share.takeBack(to, this.#options.clock.now()));
    await left;
  }

  /** Nobody will have the device any more: whoever waits is told why. */
  end(row: DeviceRow, reason: string): void {
    this.#apply(row, row.share.end(reason));
  }

  /** A sink wants nothing any more. */
  withdraw(rows: Iterable<DeviceRow>, sink: UsbDeviceSink): void {
    const claimant = this.#claimants.get(sink);
    if (claimant === undefined) return;
    for (const row of rows) {
      this.#apply(row, row.share.withdraw(claimant));
      this.#answer(row, claimant, { type: 'refused', holder: undefined, since: undefined, reason: 'the sink is gone' });
    }
  }

  claimant(sink: UsbDeviceSink): SinkClaimant {
    const known = this.#claimants.get(sink);
    if (known !== undefined) return known;
    const claimant = { sink, name: sink.connection === undefined ? sink.name : nameOf(sink.connection) };
    this.#claimants.set(sink, claimant);
    return claimant;
  }

  /** Returns why the sink did not take it. */
  #attach(row: DeviceRow, claimant: SinkClaimant, isTaken: boolean): Promise<Error | undefined> {
    const attaching = this.#offerTo(row, claimant, isTaken);
    row.attaching = attaching;
    return attaching;
  }

  async #offerTo(row: DeviceRow, claimant: SinkClaimant, isTaken: boolean): Promise<Error | undefined> {
    const { sink } = claimant;
    const part = row.decision?.interfaces;
    const device = part === undefined ? row.judged : new PartialDevice(row.judged, part);
    const gate = (row.gate = new GatedDevice(device, this.#options.clock, isTaken ? row.gate : undefined));
    row.tried.add(sink);
    row.state = { name: 'attaching', sink };
    row.isForced = false;
    try {
      this.#attached(row, claimant, gate, await sink.attach(this.#options.decorate(gate, row.id)));
      return undefined;
    } catch (error) {
      const rejection = asError(error);
      const isHolder = this.#isAttaching(row, gate);
      if (isHolder) row.state = { name: 'free' };
      this.#options.emit({ type: 'rejected', entry: row, sink, error: rejection });
      if (isHolder) this.#vacated(row);
      return rejection;
    }
  }

  /** The device may have gone, or have been taken by force, while the sink took it. */
  #isAttaching(row: DeviceRow, gate: GatedDevice): boolean {
    return row.state.name === 'attaching' && row.gate === gate;
  }

  #attached(row: DeviceRow, claimant: SinkClaimant, gate: GatedDevice, attachment: Attachment): void {
    const { sink } = claimant;
    const isAttaching = this.#isAttaching(row, gate);
    if (!isAttaching || !this.#options.sinks.has(sink)) {
      void this.#options.guard(async () => {
        await attachment.release();
        if (!isAttaching) return;
        row.state = { name: 'free' };
        this.#vacated(row);
        await this.offer(row);
      });
      return;
    }
    row.state = { name: 'attached', sink, attachment };
    this.#options.emit({ type: 'attached', entry: row, sink, attachment });
    void this.#follow(row, gate, sink, attachment);
  }

  async #follow(row: DeviceRow, gate: GatedDevice, sink: UsbDeviceSink, attachment: Attachment): Promise<void> {
    const end = await attachment.ended.catch((error: unknown): AttachmentEnd => {
      return { reason: 'failed', error: asError(error) };
    });
    await this.#left(row, gate, sink, end);
  }

  /** The holder has no more of the device. Told once for each gate. */
  async #left(row: DeviceRow, gate: GatedDevice, sink: UsbDeviceSink, end: AttachmentEnd): Promise<void> {
    if (row.gate !== gate || !gate.leave()) return;
    if (row.state.name === 'attached') row.state = { name: row.decision?.action === 'allow' ? 'free' : 'denied' };
    this.#options.emit({ type: 'ended', entry: row, sink, end });
    this.#vacated(row);
    if (end.reason === 'refused') this.#options.refuse(row, 'the sink refused it', end.explanation);
    // The sink went, not the device.
    else if (end.reason === 'closed' || !this.#options.sinks.has(sink)) await this.offer(row);
  }

  #vacated(row: DeviceRow): void {
    const onLeft = row.onLeft;
    row.onLeft = [];
    for (const each of onLeft) each();
    this.#apply(row, row.share.released(this.#options.clock.now()));
  }

  #apply(row: DeviceRow, events: readonly DeviceShareEvent<SinkClaimant>[]): void {
    for (const event of events) this.#on(row, event);
    row.disarm?.();
    row.disarm = undefined;
    const next = row.share.nextTimeout();
    if (next === undefined) return;
    const { clock } = this.#options;
    row.disarm = clock.after(next - clock.now(), () => {
      row.disarm = undefined;
      this.#apply(row, row.share.handleTimeout(clock.now()));
    });
  }

  #on(row: DeviceRow, event: DeviceShareEvent<SinkClaimant>): void {
    const { emit, guard } = this.#options;
    switch (event.type) {
      case 'granted': {
        const { claimant, from, since } = event;
        this.#answer(row, claimant, { type: 'granted' });
        if ('sink' in row.state && row.state.sink === claimant.sink) return;
        if (from !== undefined) {
          const names = { from: from.name, to: claimant.name };
          emit({ type: 'deviceTaken', entry: row, ...names, loser: from.sink, since, isForced: row.isForced });
        }
        void this.#attach(row, claimant, from !== undefined);
        return;
      }
      case 'refused': {
        const { claimant, since, reason } = event;
        const holder = event.holder?.name;
        this.#answer(row, claimant, { type: 'refused', holder, since, reason });
        emit({ type: 'deviceRefused', entry: row, claimant: claimant.name, holder, since, reason });
        return;
      }
      case 'queued':
        this.#answer(row, event.claimant, { type: 'queued', place: event.place });
        this.#claimed(row, 'queued', event);
        return;
      case 'holderAsked':
        this.#claimed(row, 'asked', event);
        void this.#ask(row, event);
        return;
      case 'questionWithdrawn':
        row.question?.abort();
        row.question = undefined;
        return;
      case 'noticed':
        if (event.claimant !== undefined) this.#claimed(row, 'noticed', { ...event, claimant: event.claimant });
        return;
      case 'handOver':
        void guard(() => this.#handOver(row));
        return;
      case 'forced':
        void guard(() => this.#cut(row));
    }
  }

  #claimed(
    entry: DeviceRow,
    how: 'asked' | 'queued' | 'noticed',
    { claimant, holder, since }: Record<'claimant' | 'holder', SinkClaimant> & { readonly since: number },
  ): void {
    const names = { claimant: claimant.name, holder: holder.name };
    this.#options.emit({ type: 'deviceClaimed', entry, ...names, since, how });
  }

  async #ask(row: DeviceRow, event: Extract<DeviceShareEvent<SinkClaimant>, { type: 'holderAsked' }>): Promise<void> {
    const { clock, person, guard } = this.#options;
    const { holder, claimant, since } = event;
    const withdrawn = (row.question = new AbortController());
    let reason: string | undefined;
    const isYes = await guard(async () => {
      reason = person.unavailable;
      if (reason !== undefined) return false;
      const why = `wanted by ${claimant.name}; ${holder.name} has had it for ${forTime(clock.now() - since)}`;
      const claim = { holder: holder.name, claimant: claimant.name };
      return person.ask({ entry: row, reason: why, claim }, withdrawn.signal);
    });
    if (withdrawn.signal.aborted) return;
    row.question = undefined;
    const no = reason === undefined ? undefined : `${holder.name} has to be asked, but ${reason}`;
    this.#apply(row, row.share.answer(isYes === true, clock.now(), no));
  }

  /** The order in which nothing is torn: no new requests, commands of storage to their end, then the rest. */
  async #handOver(row: DeviceRow): Promise<void> {
    const { gate } = row;
    if (gate === undefined) return;
    gate.stop();
    await gate.settled();
    await gate.abort();
    await row.attaching;
    if (row.gate === gate && row.state.name === 'attached') await row.state.attachment.release();
  }

  async #cut(row: DeviceRow): Promise<void> {
    const { gate, state } = row;
    if (gate === undefined || !('sink' in state)) return;
    row.isForced = true;
    const share = row.share.state;
    await gate.cut(share.name === 'leaving' && share.claimant !== undefined);
    if (this.#isAttaching(row, gate)) {
      row.state = { name: 'free' };
      this.#vacated(row);
    } else {
      await this.#left(row, gate, state.sink, { reason: 'unplugged' });
    }
  }

  #answer(row: DeviceRow, claimant: SinkClaimant, answer: ClaimAnswer): void {
    const answered = row.answers.filter((each) => each.claimant === claimant);
    row.answers = row.answers.filter((each) => each.claimant !== claimant);
    for (const { resolve } of answered) resolve(answer);
  }
}
