import { Reader } from '../../../codecs/core/reader.ts';
import { type Configuration, parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { DeviceDescriptor } from '../../../codecs/usb/deviceDescriptors.ts';
import type { ServerMessage } from '../../../codecs/urbdrc/decode.ts';
import { isFailure, hresultName, usbdStatusName } from '../../../codecs/urbdrc/status.ts';
import type { PipeInformationResult } from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { PeerChannel, Received } from '../peerChannel.ts';
import { check, CheckFailure, establish } from '../verdict.ts';
import { DescriptorKind, getDescriptor, selectConfiguration, type Urb } from './urbs.ts';

/** The end of a transfer, whichever of the two messages told it. */
export interface Completion {
  readonly name: 'URB_COMPLETION' | 'URB_COMPLETION_NO_DATA';
  readonly requestId: number;
  readonly tsUrbResult: TsUrbResult;
  readonly usbdStatus: number;
  readonly hResult: number;
  /** Empty for URB_COMPLETION_NO_DATA. */
  readonly data: Uint8Array;
  readonly outputBufferSize: number;
  /** Clock's time of arrival. */
  readonly time: number;
}

/** A selected configuration. */
export interface Configured {
  readonly configuration: Configuration;
  readonly handle: number;
  readonly pipes: readonly PipeInformationResult[];
}

export interface DeviceFacts {
  readonly device: DeviceDescriptor;
  readonly configuration: Configuration;
  /** The whole configuration descriptor. */
  readonly configurationDescriptor: Uint8Array;
}

/** Bytes of a device descriptor, and of a configuration descriptor's head. */
const DEVICE_SIZE = 18;
const CONFIGURATION_HEAD_SIZE = 9;
/** RequestCompletion: above the fixed ids, and no other device's. */
const FIRST_COMPLETION_ID = 0x40;

/** A device that the graded client redirects: the server's side of its channel, one call a message. */
export class GradedDevice {
  readonly channel: PeerChannel;
  readonly announcement: Received<'ADD_DEVICE'>;
  /** To which completions were told to go last. */
  requestCompletion = FIRST_COMPLETION_ID;
  readonly #timeout: number;
  #lastRequestId = 0x100;
  #lastMessageId = 0x7000;
  #facts: DeviceFacts | undefined;

  constructor(channel: PeerChannel, announcement: Received<'ADD_DEVICE'>, timeout: number) {
    this.channel = channel;
    this.announcement = announcement;
    this.#timeout = timeout;
  }

  /** The device's interface. */
  get usbDevice(): number {
    return this.announcement.message.usbDevice;
  }

  /** The head of a message to the device. */
  ids(): { readonly interfaceId: number; readonly messageId: number } {
    this.#lastMessageId += 1;
    return { interfaceId: this.usbDevice, messageId: this.#lastMessageId };
  }

  /** An id that no request of this device has had. */
  newRequestId(): number {
    this.#lastRequestId += 1;
    return this.#lastRequestId;
  }

  register(requestCompletion: number = FIRST_COMPLETION_ID + this.channel.channelId): void {
    this.requestCompletion = requestCompletion;
    this.channel.send({ name: 'REGISTER_REQUEST_CALLBACK', ...this.ids(), requestCompletion });
  }

  /** REGISTER_REQUEST_CALLBACK without RequestCompletion: no completions from now on. */
  unregister(): void {
    this.channel.send({ name: 'REGISTER_REQUEST_CALLBACK', ...this.ids() });
  }

  inRequest(
    urb: Urb,
    outputBufferSize: number,
    requestId = this.newRequestId(),
  ): ServerMessage & { requestId: number } {
    const tsUrb = { ...urb, requestId, noAck: false };
    return { name: 'TRANSFER_IN_REQUEST', ...this.ids(), tsUrb, outputBufferSize, requestId };
  }

  /** Sends TRANSFER_IN_REQUEST; returns its RequestId. */
  sendIn(urb: Urb, outputBufferSize: number, requestId?: number): number {
    const message = this.inRequest(urb, outputBufferSize, requestId);
    this.channel.send(message);
    return message.requestId;
  }

  /** Sends TRANSFER_OUT_REQUEST; returns its RequestId. */
  sendOut(urb: Urb, outputBuffer: Uint8Array, options: { requestId?: number; noAck?: boolean } = {}): number {
    const { requestId = this.newRequestId(), noAck = false } = options;
    const tsUrb = { ...urb, requestId, noAck };
    this.channel.send({ name: 'TRANSFER_OUT_REQUEST', ...this.ids(), tsUrb, outputBuffer });
    return requestId;
  }

  /** Sends IO_CONTROL or INTERNAL_IO_CONTROL; returns its RequestId. */
  sendIoControl(
    ioControlCode: number,
    outputBufferSize: number,
    options: { internal?: boolean; requestId?: number; inputBuffer?: Uint8Array } = {},
  ): number {
    const { internal = false, requestId = this.newRequestId(), inputBuffer = new Uint8Array(0) } = options;
    const name = internal ? 'INTERNAL_IO_CONTROL' : 'IO_CONTROL';
    this.channel.send({ name, ...this.ids(), ioControlCode, inputBuffer, outputBufferSize, requestId });
    return requestId;
  }

  cancel(requestId: number, interfaceId: number = this.usbDevice): void {
    this.channel.send({ name: 'CANCEL_REQUEST', ...this.ids(), interfaceId, requestId });
  }

  retract(): void {
    this.channel.send({ name: 'RETRACT_DEVICE', ...this.ids(), reason: 1 });
  }

  /** The completion of the transfer with this id. @throws CheckFailure */
  async completion(requestId: number, within: number = this.#timeout): Promise<Completion> {
    const what = `completion of request ${requestId}`;
    const names = ['URB_COMPLETION', 'URB_COMPLETION_NO_DATA'] as const;
    const { message, time } = await this.channel.expectOneOf(
      names,
      (each) => each.requestId === requestId,
      within,
      what,
    );
    const { name, tsUrbResult, hResult } = message;
    const data = message.name === 'URB_COMPLETION' ? message.outputBuffer : new Uint8Array(0);
    const outputBufferSize =
      message.name === 'URB_COMPLETION' ? message.outputBuffer.byteLength : message.outputBufferSize;
    const { usbdStatus } = tsUrbResult;
    return { name, requestId, tsUrbResult, usbdStatus, hResult, data, outputBufferSize, time };
  }

  async ioControlCompletion(
    requestId: number,
    within: number = this.#timeout,
  ): Promise<Received<'IOCONTROL_COMPLETION'>> {
    const what = `IOCONTROL_COMPLETION of request ${requestId}`;
    return this.channel.expect('IOCONTROL_COMPLETION', (each) => each.requestId === requestId, within, what);
  }

  /** Sends TRANSFER_IN_REQUEST and waits for its completion. */
  transferIn(urb: Urb, outputBufferSize: number, requestId?: number): Promise<Completion> {
    return this.completion(this.sendIn(urb, outputBufferSize, requestId));
  }

  /** Sends TRANSFER_OUT_REQUEST and waits for its completion. */
  transferOut(urb: Urb, outputBuffer: Uint8Array): Promise<Completion> {
    return this.completion(this.sendOut(urb, outputBuffer));
  }

  /** The device's descriptors, read the first time. @throws CheckFailure when they cannot be read */
  async facts(): Promise<DeviceFacts> {
    this.#facts ??= await establish('a device whose descriptors can be read', () => this.#readFacts());
    return this.#facts;
  }

  /** Selects the first configuration. @throws CheckFailure when that fails */
  async configure(): Promise<Configured> {
    const { configuration, configurationDescriptor } = await this.facts();
    return establish('a device whose configuration can be selected', async () => {
      const completion = await this.transferIn(selectConfiguration(configurationDescriptor, configuration), 0);
      return configured(completion, configuration);
    });
  }

  async #readFacts(): Promise<DeviceFacts> {
    const { name, spec } = DeviceDescriptor;
    const deviceBytes = await this.#read(DescriptorKind.DEVICE, DEVICE_SIZE);
    const head = await this.#read(DescriptorKind.CONFIGURATION, CONFIGURATION_HEAD_SIZE);
    const wTotalLength = new DataView(head.buffer, head.byteOffset).getUint16(2, true);
    const configurationDescriptor = await this.#read(DescriptorKind.CONFIGURATION, wTotalLength);
    return {
      device: DeviceDescriptor.decode(new Reader(deviceBytes, name, spec)),
      configuration: parseConfiguration(configurationDescriptor),
      configurationDescriptor,
    };
  }

  async #read(descriptorType: number, size: number): Promise<Uint8Array> {
    const completion = await this.transferIn(getDescriptor(descriptorType), size);
    checkSuccess(completion, `GET_DESCRIPTOR of type ${descriptorType}`);
    check(
      completion.data.byteLength === size,
      `GET_DESCRIPTOR of type ${descriptorType} gave ${completion.data.byteLength} of ${size} bytes`,
    );
    return completion.data;
  }
}

/** The result of SELECT_CONFIGURATION. @throws CheckFailure unless it succeeded, with its result */
export function configured(completion: Completion, configuration: Configuration): Configured {
  checkSuccess(completion, 'SELECT_CONFIGURATION');
  const { tsUrbResult } = completion;
  if (tsUrbResult.name !== 'TS_URB_SELECT_CONFIGURATION_RESULT') {
    throw new CheckFailure('the completion of SELECT_CONFIGURATION has no TS_URB_SELECT_CONFIGURATION_RESULT');
  }
  const pipes = tsUrbResult.interfaces.flatMap((each) => each.pipes);
  return { configuration, handle: tsUrbResult.configurationHandle, pipes };
}

export function succeeded({ usbdStatus, hResult }: { usbdStatus: number; hResult: number }): boolean {
  return usbdStatus === 0 && !isFailure(hResult);
}

/** @throws CheckFailure when a completion tells a failure */
export function checkSuccess(completion: { usbdStatus: number; hResult: number }, what: string): void {
  check(succeeded(completion), `${what} failed: ${statuses(completion)}`);
}

/** @throws CheckFailure when a completion tells a success */
export function checkFailed(completion: { usbdStatus: number; hResult: number }, what: string): void {
  check(!succeeded(completion), `${what} succeeded, must fail`);
}

/** Both statuses for people. */
export function statuses({ usbdStatus, hResult }: { usbdStatus: number; hResult: number }): string {
  return `UsbdStatus ${usbdStatusName(usbdStatus)}, HResult ${hresultName(hResult)}`;
}
