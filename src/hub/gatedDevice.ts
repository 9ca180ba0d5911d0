import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../ports/usb.ts';
import { ActiveConfiguration } from '../usb/activeConfiguration.ts';
import { DeviceError } from '../usb/deviceError.ts';
import { pause } from '../usb/pause.ts';
import { type Complete, completeAtOnce } from '../usb/results.ts';
import { StorageCommands } from './storageCommands.ts';

/**
 * A device as one holder has it: what takes it away again in good order. Each holder gets a gate of its own, so that
 * nothing of one reaches the device, or the sink, of the next.
 */
export class GatedDevice implements UsbDevice {
  readonly identity: UsbDeviceIdentity;
  readonly deviceDescriptor: Uint8Array;
  readonly configurationDescriptors: readonly Uint8Array[];
  readonly configurations: readonly Configuration[];
  /** Aborted when the device is, and when it is taken by force. */
  readonly gone: AbortSignal;
  readonly #device: UsbDevice;
  readonly #clock: Clock;
  readonly #gone = new AbortController();
  readonly #active: ActiveConfiguration;
  /** Of mass storage: a command that has begun is done before the device goes. */
  readonly #commands: StorageCommands | undefined;
  readonly #before: Configuration | undefined;
  readonly #isUsed: boolean;
  /** `draining`: only what ends a command that has begun; `shut`: nothing. */
  #gate: 'open' | 'draining' | 'shut' = 'open';
  #isOpen = false;
  #closing = Promise.resolve();
  #hasLeft = false;
  #settled: (() => void) | undefined;
  readonly #unplugged: () => void;

  /**
   * @param clock - for the limit of a reset
   * @param before - the gate of the holder from whom the device was taken: it is reset, and configured as that one had it.
   *   Left out where nobody was disturbed.
   */
  constructor(device: UsbDevice, clock: Clock, before?: GatedDevice) {
    this.#device = device;
    this.#clock = clock;
    this.identity = device.identity;
    this.deviceDescriptor = device.deviceDescriptor;
    this.configurationDescriptors = device.configurationDescriptors;
    this.configurations = device.configurations;
    this.gone = this.#gone.signal;
    this.#isUsed = before !== undefined;
    this.#before = before?.configuration;
    this.#active = new ActiveConfiguration(device.configurations);
    this.#commands = StorageCommands.of(device.configurations, () => this.#settle());
    this.#unplugged = () => this.#gone.abort(device.gone.reason);
    if (device.gone.aborted) this.#unplugged();
    else device.gone.addEventListener('abort', this.#unplugged, { once: true });
  }

  /** That which the holder has selected, as far as it is known. */
  get configuration(): Configuration | undefined {
    return this.#active.configuration;
  }

  /** After somebody else had it: resets the device, so that data toggles and the state of its class begin anew. */
  async open(): Promise<void> {
    if (this.#gate !== 'open') throw new DeviceError('DEVICE_TAKEN', TAKEN);
    await this.#device.open();
    this.#isOpen = true;
    if (!this.#isUsed) return;
    const reset = await this.#do({ type: 'resetDevice' });
    if (reset.status === 'disconnected') {
      await this.close();
      throw new DeviceError('DEVICE_GONE', 'it did not come back from the reset between two holders');
    }
    if (this.#before === undefined) return;
    const { configurationValue } = this.#before;
    await this.#do({ type: 'setConfiguration', configurationValue });
  }

  /**
   * In the middle of a command of mass storage it resets the device first: the next driver, mostly the one of its own
   * machine, would find it waiting for the rest of that command.
   */
  close(): Promise<void> {
    return this.#closeAfter(async () => {
      if (this.#commands?.isBusy === true && !this.#gone.signal.aborted) await this.#resetTorn();
    });
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#gate !== 'open' && !this.#endsCommand(operation)) return completeAtOnce('cancelled', complete);
    if (this.#commands !== undefined) return this.#submitToStorage(this.#commands, operation, complete);
    return changesConfiguration(operation)
      ? this.#device.submit(operation, this.#noting(operation, complete))
      : this.#device.submit(operation, complete);
  }

  /** The holder has no more of it. False: that was so already. */
  leave(): boolean {
    const isFirst = !this.#hasLeft;
    this.#hasLeft = true;
    this.#device.gone.removeEventListener('abort', this.#unplugged);
    return isFirst;
  }

  /** Takes no new requests: they end as cancelled. Of mass storage, the command that has begun goes on to its end. */
  stop(): void {
    if (this.#gate === 'open') this.#gate = 'draining';
  }

  /** After {@link stop}: resolves when no command of mass storage is outstanding, or after {@link cut}. */
  settled(): Promise<void> {
    if (this.#commands?.isBusy !== true || this.#gate === 'shut') return Promise.resolve();
    return new Promise((resolve) => (this.#settled = resolve));
  }

  /** Takes nothing at all any more, and cancels what is pending. Resolves when that has ended. */
  async abort(): Promise<void> {
    this.#gate = 'shut';
    if (!this.#isOpen) return;
    const endpoints = this.#active.settings.flatMap((setting) => setting.endpoints);
    await Promise.all(endpoints.map(({ endpointAddress }) => this.#do({ type: 'abortEndpoint', endpointAddress })));
  }

  /**
   * By force: the holder sees an unplug, and the device is closed when this resolves.
   * @param hasNext - another holder gets it, and resets it
   */
  async cut(hasNext: boolean): Promise<void> {
    this.#gate = 'shut';
    this.#settle();
    const closed = hasNext ? this.#closeAfter() : this.close();
    this.#gone.abort(new DeviceError('DEVICE_TAKEN', TAKEN));
    await closed;
  }

  /** Once: who closes it meanwhile waits for the same, and after a cut the device is another one's already. */
  #closeAfter(before?: () => Promise<void>): Promise<void> {
    if (!this.#isOpen) return this.#closing;
    this.#isOpen = false;
    // Called at once where nothing comes before it: what is pending has ended when this returns.
    this.#closing = before === undefined ? this.#closeDevice() : before().then(() => this.#closeDevice());
    return this.#closing;
  }

  #closeDevice(): Promise<void> {
    // Whatever has become of them: nobody is left to bring them to their end.
    this.#commands?.forget();
    return this.#device.close();
  }

  async #resetTorn(): Promise<void> {
    const isOver = new AbortController();
    const reset = this.#do({ type: 'resetDevice' }).then(() => isOver.abort());
    await Promise.race([reset, pause(this.#clock, RESET_TIME, isOver.signal)]);
  }

  #submitToStorage(commands: StorageCommands, operation: UsbOperation, complete: Complete): UsbTransfer {
    commands.began(operation);
    return this.#device.submit(operation, (result) => {
      if (result.status === 'completed') this.#active.note(operation);
      // First: whoever hears of the end may begin the next command at once.
      commands.ended(operation, result);
      complete(result);
    });
  }

  #noting(operation: UsbOperation, complete: Complete): Complete {
    return (result) => {
      if (result.status === 'completed') this.#active.note(operation);
      complete(result);
    };
  }

  #endsCommand(operation: UsbOperation): boolean {
    return this.#gate === 'draining' && this.#commands?.belongs(operation) === true;
  }

  #settle(): void {
    this.#settled?.();
    this.#settled = undefined;
  }

  #do(operation: UsbOperation): Promise<UsbResult> {
    return new Promise((resolve) => this.#device.submit(operation, this.#noting(operation, resolve)));
  }
}

/** Milliseconds that a reset may take before the device is closed all the same. */
const RESET_TIME = 2000;
const TAKEN = 'it was taken from its holder';

function changesConfiguration({ type }: UsbOperation): boolean {
  return type === 'control' || type === 'setConfiguration' || type === 'setInterface';
}
