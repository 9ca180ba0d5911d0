import { asError } from '../../codecs/core/errors.ts';
import { AutoSelection } from '../policy/autoSelection.ts';
import type { Decision, Policy } from '../policy/decide.ts';
import type { ShareRule } from '../policy/rule.ts';
import { decideShare } from '../policy/shareRules.ts';
import type { LocalUse } from '../policy/policyDevice.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbDeviceSink, UsbDeviceSource } from '../ports/usb.ts';
import { JudgedDevice } from '../usb/judgedDevice.ts';
import { Attachments, type AttachmentsOptions } from './attachments.ts';
import { Decisions, NO_POLICY } from './decisions.ts';
import { DeviceRow, orphansOf, type SinkClaimant } from './deviceRow.ts';
import { DeviceTable } from './deviceTable.ts';
import type { ClaimAnswer, HubDevice, HubEvent, Person } from './hubDevice.ts';
import { HubError } from './hubError.ts';
import { type HubSession, type SessionRequest, SessionTable, type SessionTableOptions } from './sessionTable.ts';

/** Options of {@link Hub}. */
export interface HubOptions {
  /** Time for following a replug. */
  readonly clock: Clock;
  /** Decides about each device that comes. Default: every device is allowed. */
  readonly policy?: Policy;
  /** Asked where the policy says `ask`. Default: nobody, which denies. */
  readonly person?: Person;
  /** What happens when somebody wants to take a device that another has; SHARE_DEFAULTS follow. Default: only those. */
  readonly share?: readonly ShareRule[];
  /** Devices for which this is false are none of the hub's business. Default: all are. */
  readonly isWanted?: (device: UsbDevice) => boolean;
  /** Use of a local device by this machine, for the policy. Default: none. */
  readonly localUse?: (identity: UsbDeviceIdentity) => LocalUse;
  /** Decorates a {@link JudgedDevice}, with its id here, before a sink gets it: for captures or faults. Default: none. */
  readonly decorate?: (device: UsbDevice, id: number) => UsbDevice;
  /** Told of everything that happens. */
  readonly onEvent?: (event: HubEvent) => void;
}

interface Source {
  readonly source: UsbDeviceSource;
  /** Follows devices that come back at their port. A device of another machine can claim any port: nothing follows there. */
  readonly selection: AutoSelection | undefined;
  stop(): void;
}

const NOBODY: Person = { unavailable: 'nobody is there to ask', ask: () => Promise.resolve(false) };

/**
 * Joins sources of devices to sinks: decides about each device that comes, by policy and person, attaches it to a sink,
 * and keeps the one table of what is where. It opens nothing itself, and what a source, a sink or a callback throws ends
 * nothing but the matter at hand.
 *
 * ```ts
 * const hub = new Hub({ clock: systemClock });
 * await hub.addSink(new RemoteUsb());
 * await hub.addSource(new RedirectionServer(transport));
 * ```
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #sources = new Map<UsbDeviceSource, Source>();
  readonly #sinks = new Set<UsbDeviceSink>();
  readonly #rows = new DeviceTable();
  readonly #decisions: Decisions;
  readonly #attachments: Attachments;
  readonly #sessions: SessionTable;
  #lastId = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    const { clock, person = NOBODY, decorate = (device: UsbDevice) => device } = options;
    this.#decisions = new Decisions({ ...options, person });
    const emit = (event: HubEvent) => this.#emit(event);
    const guard = <T>(action: () => Promise<T>) => this.#guard(action);
    const refuse: AttachmentsOptions['refuse'] = (row, reason, explanation) => this.#refuse(row, reason, explanation);
    this.#attachments = new Attachments({ clock, sinks: this.#sinks, person, decorate, emit, guard, refuse });
    const release: SessionTableOptions['release'] = (ends, reason) => this.#releaseSession(ends, reason);
    this.#sessions = new SessionTable({ clock, emit, guard, release });
  }

  /** Those that were added and not removed, in order. */
  get sources(): readonly UsbDeviceSource[] {
    return [...this.#sources.keys()];
  }

  /** Those that were added and not removed, in order. */
  get sinks(): readonly UsbDeviceSink[] {
    return [...this.#sinks];
  }

  /** Every device that is there, in the order in which they came. */
  get devices(): readonly HubDevice[] {
    return this.#rows.list;
  }

  /** Connections that were opened or belong to a source or a sink, in the order in which they came. */
  get sessions(): readonly HubSession[] {
    return this.#sessions.list;
  }

  /** Devices that a session offers, and those that it has. */
  devicesOf(sessionId: number): readonly HubDevice[] {
    return this.#rows.list.filter(({ source, state }) => {
      const ends = 'sink' in state ? [source, state.sink] : [source];
      return ends.some((end) => this.#sessions.of(end)?.id === sessionId);
    });
  }

  /**
   * Lets a connection in as the mode of its listener says, once the others have left; then add the source or sink of it.
   * @throws HubError when it is refused, or ended meanwhile: close the connection, with the message
   */
  openSession(request: SessionRequest): Promise<HubSession> {
    return this.#sessions.open(request);
  }

  /**
   * Takes the devices of a session in order, tells the other end why, and closes the connection. Resolves when that is done.
   * @throws HubError when there is no such session
   */
  endSession(id: number, reason: string): Promise<void> {
    return this.#sessions.end(id, reason);
  }

  /**
   * Takes devices from `source`, those that are there and those that come later, until it ends or is removed. Resolves when
   * those that are there were decided about and offered to sinks; it does not wait for a person. Without a `session` that was
   * opened, a source that has a connection gets one that shares with everybody.
   */
  async addSource(source: UsbDeviceSource, session?: HubSession): Promise<void> {
    if (this.#sources.has(source)) return;
    this.#sessions.join(source, session);
    const { policy } = this.#options;
    const follows = policy !== undefined && source.connection === undefined;
    const entry: Source = { source, selection: follows ? new AutoSelection(policy) : undefined, stop: () => {} };
    this.#sources.set(source, entry);
    this.#emit({ type: 'sourceAdded', source });
    void ending(source).then((error) => this.#dropSource(source, error));
    await this.#guard(async () => {
      // Watched first, so that no device slips through between.
      entry.stop = source.watch((device) => void this.#take(entry, device));
      for (const device of await source.list()) await this.#take(entry, device);
    });
  }

  /** Releases the devices of `source` and forgets them. The source stays open. */
  removeSource(source: UsbDeviceSource): Promise<void> {
    return this.#dropSource(source, undefined);
  }

  /** Gives devices to `sink` until it ends or is removed. Resolves when the free ones were offered to it. */
  async addSink(sink: UsbDeviceSink, session?: HubSession): Promise<void> {
    if (this.#sinks.has(sink)) return;
    this.#sessions.join(sink, session);
    this.#sinks.add(sink);
    this.#emit({ type: 'sinkAdded', sink });
    void ending(sink).then((error) => this.#dropSink(sink, error));
    for (const row of this.#rows.list) await this.#attachments.offer(row);
  }

  /** Takes the devices of `sink` back; other sinks may have them. The sink stays open. */
  removeSink(sink: UsbDeviceSink): Promise<void> {
    return this.#dropSink(sink, undefined);
  }

  /**
   * A sink, or the one of a session, wants a device: it has it when it is free; with `take` also when somebody has it and the rules let that happen.
   * `wait` is how long it waits in the queue where it does not have it, milliseconds. Default: 0.
   * @throws HubError when the hub has no such device, sink or session
   */
  async claim(
    deviceId: number,
    sink: UsbDeviceSink | number,
    { want = 'normal', wait = 0 }: { readonly want?: 'normal' | 'take'; readonly wait?: number } = {},
  ): Promise<ClaimAnswer> {
    const row = this.#rows.get(deviceId);
    const claimant = this.#claimant(sink);
    const { action, reason } = row.decision ?? { action: 'ask', reason: 'nobody has decided about it yet' };
    if (action !== 'allow') return { type: 'refused', holder: undefined, since: undefined, reason };
    const rule = decideShare(this.#options.share ?? [], this.#decisions.facts(row.judged));
    return this.#attachments.claim(row, { claimant, want, wait }, rule);
  }

  /**
   * A person gives a device to a sink, or to the session that has one, whatever the rules say. Resolves when that has it,
   * or will not have it.
   * @throws HubError when there is no such device, sink or session, or the device is locked
   */
  async give(deviceId: number, to: UsbDeviceSink | number): Promise<ClaimAnswer> {
    const row = this.#unlocked(deviceId);
    const claimant = this.#claimant(to);
    const answer = this.claim(deviceId, claimant.sink, { wait: Infinity });
    if (row.state.name !== 'free' && row.share.state.name !== 'free') await this.#attachments.takeBack(row, claimant);
    return (await answer).type === 'refused' ? answer : { type: 'granted' };
  }

  /**
   * Takes a device from its holder; who waits for it has it next, and nobody else until it is claimed or given.
   * @throws HubError when there is no such device, or it is locked
   */
  async release(deviceId: number): Promise<void> {
    await this.#attachments.takeBack(this.#unlocked(deviceId));
  }

  /**
   * Takes a device from its holder, and has its source take it back: nobody has it until it is plugged in again. `reason`, a
   * phrase, is also for the person there.
   * @throws HubError when there is no such device
   */
  async drop(deviceId: number, reason: string): Promise<void> {
    const row = this.#rows.get(deviceId);
    row.decision = { action: 'deny', reason };
    this.#emit({ type: 'decided', entry: row, decision: row.decision });
    this.#attachments.end(row, reason);
    await this.#attachments.takeBack(row);
    if (row.state.name === 'free' || row.state.name === 'asked') row.state = { name: 'denied' };
    this.#refuse(row, reason, reason);
  }

  /** Refuses every claim to a device until {@link unlock}. False: nobody has it, or it is about to be given to somebody. */
  lock(deviceId: number, reason: string): boolean {
    return this.#rows.get(deviceId).share.lock(reason);
  }

  /** Ends a {@link lock}. */
  unlock(deviceId: number): void {
    this.#rows.get(deviceId).share.unlock();
  }

  /** Looks for what has no owner any more, a line each; sessions without a connection are forgotten. Call it now and then. */
  sweep(): readonly string[] {
    const ghosts = this.#sessions.sweep().map(({ id, who }) => `session ${id} of ${who} had no connection any more`);
    return [...ghosts, ...this.#rows.list.flatMap((row) => orphansOf(row, this.#sources, this.#sinks))];
  }

  /** Releases every device, then closes all sources and sinks. */
  async close(): Promise<void> {
    const [sources, sinks] = [this.sources, this.sinks];
    await Promise.all(sources.map((source) => this.removeSource(source)));
    await Promise.all(sinks.map((sink) => this.removeSink(sink)));
    await Promise.all([...sources, ...sinks].map((each) => this.#guard(() => each.close())));
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A device about which a callback throws goes back. */
  async #take(entry: Source, device: UsbDevice): Promise<void> {
    try {
      await this.#arrived(entry, device);
    } catch (error) {
      this.#emit({ type: 'failed', error: asError(error) });
      await this.#guard(() => {
        entry.source.refuse(device, asError(error).message);
        return Promise.resolve();
      });
    }
  }

  async #arrived(entry: Source, device: UsbDevice): Promise<void> {
    const { isWanted } = this.#options;
    if (this.#rows.has(device) || device.gone.aborted || this.#sources.get(entry.source) !== entry) return;
    const judged = new JudgedDevice(device, (reason) => this.#changed(row, reason));
    if (isWanted !== undefined && !isWanted(judged)) return;
    this.#lastId += 1;
    const row: DeviceRow = new DeviceRow(this.#lastId, device, entry.source, judged);
    this.#rows.add(row);
    device.gone.addEventListener('abort', () => this.#gone(entry, row), { once: true });
    const { selection } = entry;
    const decide = () => this.#decisions.decide(selection, judged, this.#sessions.mayOffer(entry.source));
    const decision = await this.#guard(() => Promise.resolve(decide()));
    if (decision?.action !== 'ask') {
      await this.#settle(row, decision ?? { action: 'deny', reason: 'the policy failed' });
      return;
    }
    row.state = { name: 'asked' };
    void this.#ask(selection, row, decision);
  }

  async #ask(selection: AutoSelection | undefined, row: DeviceRow, question: Decision): Promise<void> {
    try {
      const decision = await this.#decisions.ask(selection, row, question);
      if (decision !== undefined) await this.#settle(row, decision);
    } catch (error) {
      this.#emit({ type: 'failed', error: asError(error) });
      await this.#settle(row, { action: 'deny', reason: 'the person could not be asked' });
    }
  }

  async #settle(row: DeviceRow, decision: Decision): Promise<void> {
    if (row.state.name === 'gone') return;
    row.decision = decision;
    row.state = { name: decision.action === 'allow' ? 'free' : 'denied' };
    if (decision !== NO_POLICY) this.#emit({ type: 'decided', entry: row, decision });
    if (decision.action === 'allow') await this.#attachments.offer(row);
    else this.#refuse(row, decision.reason);
  }

  /** What was decided was about another device. Its sink has seen it go already. */
  #changed(row: DeviceRow, reason: string): void {
    if (row.state.name === 'gone') return;
    row.decision = { action: 'deny', reason };
    this.#emit({ type: 'decided', entry: row, decision: row.decision });
    this.#refuse(row, reason);
  }

  /** Its source gives it back to its user, where it can. Which rules this end has is not the user's business. */
  #refuse(row: DeviceRow, reason: string, explanation?: string): void {
    void this.#guard(() => {
      row.source.refuse(row.device, reason, explanation);
      return Promise.resolve();
    });
  }

  #gone({ selection }: Source, row: DeviceRow): void {
    if (row.state.name === 'gone') return;
    row.state = { name: 'gone' };
    this.#rows.remove(row);
    this.#attachments.end(row, 'it is gone');
    selection?.removed(row.device.identity, this.#options.clock.now());
    this.#emit({ type: 'gone', entry: row });
  }

  async #dropSource(source: UsbDeviceSource, error: Error | undefined): Promise<void> {
    const entry = this.#sources.get(source);
    if (entry === undefined) return;
    this.#sources.delete(source);
    await this.#guard(() => {
      entry.stop();
      return Promise.resolve();
    });
    const rows = this.#rows.of(source);
    const attachments = rows.flatMap(({ state }) => (state.name === 'attached' ? [state.attachment] : []));
    for (const row of rows) this.#gone(entry, row);
    await Promise.all(attachments.map((attachment) => this.#guard(() => attachment.release())));
    this.#sessions.leave(source);
    this.#emit({ type: 'sourceRemoved', source, ...(error !== undefined && { error }) });
  }

  async #dropSink(sink: UsbDeviceSink, error: Error | undefined): Promise<void> {
    if (!this.#sinks.delete(sink)) return;
    const rows = this.#rows.list;
    this.#attachments.withdraw(rows, sink);
    const held = rows.filter(({ state }) => state.name === 'attached' && state.sink === sink);
    await Promise.all(held.map((row) => this.#attachments.takeBack(row)));
    this.#sessions.leave(sink);
    this.#emit({ type: 'sinkRemoved', sink, ...(error !== undefined && { error }) });
  }

  async #releaseSession(ends: readonly (UsbDeviceSource | UsbDeviceSink)[], reason: string): Promise<void> {
    const sources = ends.filter((end) => 'refuse' in end);
    const rows = sources.flatMap((source) => this.#rows.of(source));
    for (const row of rows) this.#attachments.end(row, reason);
    await Promise.all(rows.map((row) => this.#attachments.takeBack(row)));
    await Promise.all(sources.map((source) => this.removeSource(source)));
    await Promise.all(ends.filter((end) => 'attach' in end).map((sink) => this.removeSink(sink)));
  }

  #unlocked(id: number): DeviceRow {
    const row = this.#rows.get(id);
    const { state } = row.share;
    if (state.name !== 'locked') return row;
    throw new HubError('DEVICE_LOCKED', `device ${id} is locked by ${state.holder.name}: ${state.reason}`);
  }

  #claimant(to: UsbDeviceSink | number): SinkClaimant {
    const sink = typeof to === 'number' ? this.#sessions.sinkOf(to) : to;
    if (this.#sinks.has(sink)) return this.#attachments.claimant(sink);
    throw new HubError('NO_SUCH_SINK', `${sink.name} is none of the hub's sinks`);
  }

  /** Runs what the hub was given; what it throws is told, and is no result. */
  async #guard<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.#emit({ type: 'failed', error: asError(error) });
      return undefined;
    }
  }

  #emit(event: HubEvent): void {
    const onEvent: ((event: HubEvent) => unknown) | undefined = this.#options.onEvent;
    const failed = (error: unknown) => {
      // Told to the same callback, once: a callback that fails for this, too, is past help.
      if (event.type !== 'failed') this.#emit({ type: 'failed', error: asError(error) });
    };
    try {
      const returned = onEvent?.(event);
      if (returned instanceof Promise) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** Resolves when it has ended by itself; must not reject, and counts as an end with that error if it does. */
const ending = ({ closed }: Pick<UsbDeviceSource, 'closed'>): Promise<Error | undefined> =>
  (closed ?? new Promise<never>(() => {})).catch(asError);
