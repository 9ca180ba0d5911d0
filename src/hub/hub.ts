import { asError } from '../../codecs/core/errors.ts';
import { AutoSelection } from '../policy/autoSelection.ts';
import type { Decision, Policy } from '../policy/decide.ts';
import { type LocalUse, NOT_USED_HERE, policyDevice } from '../policy/policyDevice.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  Attachment,
  AttachmentEnd,
  UsbDevice,
  UsbDeviceIdentity,
  UsbDeviceSink,
  UsbDeviceSource,
} from '../ports/usb.ts';
import { JudgedDevice } from '../usb/judgedDevice.ts';
import type { HubDevice, HubDeviceState, HubEvent, Person } from './hubDevice.ts';

/** Options of {@link Hub}. */
export interface HubOptions {
  /** Time for following a replug. */
  readonly clock: Clock;
  /** Decides about each device that comes. Default: every device is allowed. */
  readonly policy?: Policy;
  /** Asked where the policy says `ask`. Default: nobody, which denies. */
  readonly person?: Person;
  /** Devices for which this is false are none of the hub's business. Default: all are. */
  readonly isWanted?: (device: UsbDevice) => boolean;
  /** Use of a local device by this machine, for the policy. Default: none. */
  readonly localUse?: (identity: UsbDeviceIdentity) => LocalUse;
  /** Decorates a {@link JudgedDevice} before a sink gets it, for captures or faults. Default: none. */
  readonly decorate?: (device: UsbDevice) => UsbDevice;
  /** Told of everything that happens. */
  readonly onEvent?: (event: HubEvent) => void;
}

/** A row, as the hub changes it. */
interface Row extends HubDevice {
  decision: Decision | undefined;
  state: HubDeviceState;
  /** The device as the policy has seen it, which is how sinks get it. */
  readonly judged: JudgedDevice;
  /** Sinks that had their chance. */
  readonly tried: WeakSet<UsbDeviceSink>;
}

interface Source {
  readonly source: UsbDeviceSource;
  /** Follows devices that come back at their port. A device of another machine can claim any port: nothing follows there. */
  readonly selection: AutoSelection | undefined;
  stop(): void;
}

const NOBODY: Person = { unavailable: 'nobody is there to ask', ask: () => Promise.resolve(false) };
const NO_POLICY: Decision = { action: 'allow', reason: 'there are no rules' };

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
  readonly #rows = new Map<UsbDevice, Row>();
  #lastId = 0;

  constructor(options: HubOptions) {
    this.#options = options;
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
    return [...this.#rows.values()];
  }

  /**
   * Takes devices from `source`, those that are there and those that come later, until it ends or is removed. Resolves when
   * those that are there were decided about and offered to sinks; it does not wait for a person.
   */
  async addSource(source: UsbDeviceSource): Promise<void> {
    if (this.#sources.has(source)) return;
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
  async removeSource(source: UsbDeviceSource): Promise<void> {
    await this.#dropSource(source, undefined);
  }

  /** Gives devices to `sink` until it ends or is removed. Resolves when the free ones were offered to it. */
  async addSink(sink: UsbDeviceSink): Promise<void> {
    if (this.#sinks.has(sink)) return;
    this.#sinks.add(sink);
    this.#emit({ type: 'sinkAdded', sink });
    void ending(sink).then((error) => this.#dropSink(sink, error));
    for (const row of [...this.#rows.values()]) await this.#attach(row);
  }

  /** Takes the devices of `sink` back; other sinks may have them. The sink stays open. */
  async removeSink(sink: UsbDeviceSink): Promise<void> {
    await this.#dropSink(sink, undefined);
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
    const { source } = entry;
    const row: Row = {
      ...{ id: this.#lastId, device, source, decision: undefined, state: { name: 'free' } },
      ...{ judged, tried: new WeakSet() },
    };
    this.#rows.set(device, row);
    device.gone.addEventListener('abort', () => this.#gone(entry, row), { once: true });
    const decision = await this.#guard(() => Promise.resolve(this.#decide(entry, judged)));
    if (decision?.action !== 'ask') {
      await this.#settle(row, decision ?? { action: 'deny', reason: 'the policy failed' });
      return;
    }
    row.state = { name: 'asked' };
    void this.#ask(entry, row, decision.reason).catch((error: unknown) => {
      this.#emit({ type: 'failed', error: asError(error) });
      return this.#settle(row, { action: 'deny', reason: 'the person could not be asked' });
    });
  }

  #decide({ selection }: Source, device: UsbDevice): Decision {
    const { policy, localUse, clock } = this.#options;
    if (policy === undefined) return NO_POLICY;
    const facts = policyDevice(device, localUse?.(device.identity) ?? NOT_USED_HERE);
    return selection === undefined ? policy(facts) : selection.added(facts, clock.now());
  }

  async #ask({ selection }: Source, row: Row, reason: string): Promise<void> {
    const person = this.#options.person ?? NOBODY;
    const { unavailable } = person;
    if (unavailable !== undefined) {
      await this.#settle(row, { action: 'deny', reason: `${reason}, but ${unavailable}` });
      return;
    }
    const isYes = await person.ask({ entry: row, reason }, row.device.gone);
    if (row.state.name !== 'asked') return;
    const said = `the answer was ${isYes ? 'yes' : 'no'}`;
    const { identity } = row.device;
    await this.#settle(row, selection?.answered(identity, isYes) ?? { action: isYes ? 'allow' : 'deny', reason: said });
  }

  async #settle(row: Row, decision: Decision): Promise<void> {
    if (row.state.name === 'gone') return;
    row.decision = decision;
    row.state = { name: decision.action === 'allow' ? 'free' : 'denied' };
    if (decision !== NO_POLICY) this.#emit({ type: 'decided', entry: row, decision });
    if (decision.action === 'allow') await this.#attach(row);
    else this.#refuse(row, decision.reason);
  }

  /** Offers a free device to the sinks that have not had it, one after the other. */
  async #attach(row: Row): Promise<void> {
    let rejection: Error | undefined;
    while (row.state.name === 'free' && row.decision?.action === 'allow') {
      const sink = [...this.#sinks].find((each) => !row.tried.has(each));
      if (sink === undefined) {
        // Nothing waits for a device that its user could use meanwhile.
        if (rejection !== undefined) this.#refuse(row, rejection.message);
        return;
      }
      row.tried.add(sink);
      row.state = { name: 'attaching', sink };
      try {
        const { decorate = (device: UsbDevice) => device } = this.#options;
        this.#attached(row, sink, await sink.attach(decorate(row.judged)));
      } catch (error) {
        rejection = asError(error);
        if (this.#isAttaching(row)) row.state = { name: 'free' };
        this.#emit({ type: 'rejected', entry: row, sink, error: rejection });
      }
    }
  }

  /** The device may have gone while the sink took it. */
  #isAttaching(row: Row): boolean {
    return row.state.name === 'attaching';
  }

  #attached(row: Row, sink: UsbDeviceSink, attachment: Attachment): void {
    if (!this.#isAttaching(row) || !this.#sinks.has(sink)) {
      if (this.#isAttaching(row)) row.state = { name: 'free' };
      void this.#guard(() => attachment.release());
      return;
    }
    row.state = { name: 'attached', sink, attachment };
    this.#emit({ type: 'attached', entry: row, sink, attachment });
    void this.#follow(row, sink, attachment);
  }

  async #follow(row: Row, sink: UsbDeviceSink, attachment: Attachment): Promise<void> {
    const end = await attachment.ended.catch((error: unknown): AttachmentEnd => {
      return { reason: 'failed', error: asError(error) };
    });
    if (row.state.name === 'attached') row.state = { name: row.decision?.action === 'allow' ? 'free' : 'denied' };
    this.#emit({ type: 'ended', entry: row, sink, end });
    if (end.reason === 'refused') this.#refuse(row, 'the sink refused it');
    // The sink went, not the device.
    else if (end.reason === 'closed' || !this.#sinks.has(sink)) await this.#attach(row);
  }

  /** What was decided was about another device. Its sink has seen it go already. */
  #changed(row: Row, reason: string): void {
    if (row.state.name === 'gone') return;
    row.decision = { action: 'deny', reason };
    this.#emit({ type: 'decided', entry: row, decision: row.decision });
    this.#refuse(row, reason);
  }

  /** Its source gives it back to its user, where it can. */
  #refuse(row: Row, reason: string): void {
    void this.#guard(() => {
      row.source.refuse(row.device, reason);
      return Promise.resolve();
    });
  }

  #gone({ selection }: Source, row: Row): void {
    if (row.state.name === 'gone') return;
    row.state = { name: 'gone' };
    this.#rows.delete(row.device);
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
    const rows = [...this.#rows.values()].filter((row) => row.source === source);
    const attachments = rows.flatMap(({ state }) => (state.name === 'attached' ? [state.attachment] : []));
    for (const row of rows) this.#gone(entry, row);
    await Promise.all(attachments.map((attachment) => this.#guard(() => attachment.release())));
    this.#emit({ type: 'sourceRemoved', source, ...(error !== undefined && { error }) });
  }

  async #dropSink(sink: UsbDeviceSink, error: Error | undefined): Promise<void> {
    if (!this.#sinks.delete(sink)) return;
    const states = [...this.#rows.values()].map(({ state }) => state);
    const attachments = states.flatMap((state) =>
      state.name === 'attached' && state.sink === sink ? [state.attachment] : [],
    );
    await Promise.all(attachments.map((attachment) => this.#guard(() => attachment.release())));
    this.#emit({ type: 'sinkRemoved', sink, ...(error !== undefined && { error }) });
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
function ending({ closed }: Pick<UsbDeviceSource, 'closed'>): Promise<Error | undefined> {
  return (closed ?? new Promise<never>(() => {})).catch(asError);
}
