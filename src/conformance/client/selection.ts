import { joinParts } from '../../../codecs/core/parts.ts';
import type { Configuration, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { InterfaceInformationResult } from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import { sameBytes } from '../bytes.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual, CheckFailure } from '../verdict.ts';
import type { ClientGrading } from './clientGrading.ts';
import {
  checkFailed,
  checkSuccess,
  type Completion,
  configured,
  type Configured,
  type GradedDevice,
  statuses,
  succeeded,
} from './gradedDevice.ts';
import {
  getConfiguration,
  getInterface,
  getStatus,
  pipeRequest,
  selectConfiguration,
  selectInterface,
  type Urb,
} from './urbs.ts';

const PIPE_TYPES = { control: 0, isochronous: 1, bulk: 2, interrupt: 3 } as const;

const selected: Requirement<ClientGrading> = {
  id: 'C16',
  title: 'SELECT_CONFIGURATION gives a result for each interface, with the pipes that the descriptors tell of',
  sections: [rdpeusb('2.2.10.2'), rdpeusb('2.2.10.1.2'), rdpeusb('2.2.10.1.3')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    const { configuration, configurationDescriptor } = await device.facts();
    const completion = await device.transferIn(selectConfiguration(configurationDescriptor, configuration), 0);
    const { pipes } = configured(completion, configuration);
    checkEqual(completion.name, 'URB_COMPLETION_NO_DATA', 'the completion of SELECT_CONFIGURATION');
    const { tsUrbResult } = completion;
    const results = tsUrbResult.name === 'TS_URB_SELECT_CONFIGURATION_RESULT' ? tsUrbResult.interfaces : [];
    const settings = settingsOf(configuration);
    checkEqual(results.length, settings.length, 'NumInterfaces');
    settings.forEach((setting, index) => checkInterface(results[index], setting));
    const handles = new Set(pipes.map(({ pipeHandle }) => pipeHandle));
    checkEqual(handles.size, pipes.length, 'the number of different pipe handles');
  },
};

/** Alternate setting 0 of every interface. */
function settingsOf(configuration: Configuration): InterfaceSetting[] {
  return configuration.interfaces.filter(({ alternateSetting }) => alternateSetting === 0);
}

function checkInterface(result: InterfaceInformationResult | undefined, setting: InterfaceSetting): void {
  const name = `interface ${setting.interfaceNumber}`;
  if (result === undefined) throw new CheckFailure(`there is no result for ${name}`);
  checkEqual(result.interfaceNumber, setting.interfaceNumber, 'InterfaceNumber');
  checkEqual(result.alternateSetting, setting.alternateSetting, `AlternateSetting of ${name}`);
  checkEqual(result.class, setting.interfaceClass, `Class of ${name}`);
  checkEqual(result.subClass, setting.interfaceSubClass, `SubClass of ${name}`);
  checkEqual(result.protocol, setting.interfaceProtocol, `Protocol of ${name}`);
  checkEqual(result.pipes.length, setting.endpoints.length, `NumberOfPipes of ${name}`);
  result.pipes.forEach((pipe, index) => {
    const endpoint = setting.endpoints[index];
    if (endpoint === undefined) return;
    const of = `pipe ${index} of ${name}`;
    checkEqual(pipe.endpointAddress, endpoint.endpointAddress, `EndpointAddress of ${of}`);
    checkEqual(pipe.pipeType, PIPE_TYPES[endpoint.transferType], `PipeType of ${of}`);
    checkEqual(pipe.interval, endpoint.interval, `Interval of ${of}`);
    checkPacketSize(pipe.maximumPacketSize, endpoint.maxPacketSize, of);
  });
}

/** High-bandwidth endpoints have several packets in a microframe: their sum is as good as one of them. */
function checkPacketSize(actual: number, wMaxPacketSize: number, of: string): void {
  const size = wMaxPacketSize & 0x7ff;
  const sum = size * (1 + ((wMaxPacketSize >> 11) & 3));
  check(
    [size, sum, wMaxPacketSize].includes(actual),
    `MaximumPacketSize of ${of} is ${actual}, the descriptor says ${size}`,
  );
}

const paddings: Requirement<ClientGrading> = {
  id: 'C17',
  title: 'ignores what stands in padding',
  sections: [rdpeusb('2.2.9.2'), rdpeusb('2.2.9.11'), rdpeusb('2.2.9.14')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    const { configuration, configurationDescriptor } = await device.facts();
    const select = selectConfiguration(configurationDescriptor, configuration);
    const clean = configured(await device.transferIn(select, 0), configuration);
    const padded = configured(await sendPadded(device, select, 0, selectPadding(configuration)), configuration);
    checkEqual(padded.pipes.length, clean.pipes.length, 'the number of pipes of a SELECT_CONFIGURATION with padding');
    await compare(device, getStatus('URB_FUNCTION_GET_STATUS_FROM_DEVICE', 0), 2, [10, 11]);
    await compare(device, getInterface(settingsOf(configuration)[0]?.interfaceNumber ?? 0), 1, [10, 11]);
  },
};

/** Offsets of paddings in the TS_URB: one after the flag, one in each interface, one in each pipe. */
function selectPadding(configuration: Configuration): number[] {
  const offsets = [9, 10, 11];
  let position = 16;
  for (const { endpoints } of settingsOf(configuration)) {
    offsets.push(position + 6, position + 7);
    position += 12;
    for (let pipe = 0; pipe < endpoints.length; pipe += 1, position += 12) offsets.push(position + 2, position + 3);
  }
  return offsets;
}

/** TsUrb's offset in a TRANSFER_IN_REQUEST. */
const TS_URB_OFFSET = 16;

async function sendPadded(
  device: GradedDevice,
  urb: Urb,
  size: number,
  paddingOffsets: readonly number[],
): Promise<Completion> {
  const message = device.inRequest(urb, size);
  const bytes = Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));
  paddingOffsets.forEach((offset, index) => (bytes[TS_URB_OFFSET + offset] = 0xa5 ^ index));
  device.channel.sendChanged(message, bytes);
  return device.completion(message.requestId);
}

async function compare(device: GradedDevice, urb: Urb, size: number, paddingOffsets: readonly number[]): Promise<void> {
  const clean = await device.transferIn(urb, size);
  const padded = await sendPadded(device, urb, size, paddingOffsets);
  check(
    succeeded(clean) === succeeded(padded) && sameBytes(clean.data, padded.data),
    `${urb.name} with padding gave another answer: ${statuses(padded)} instead of ${statuses(clean)}`,
  );
}

const unconfigured: Requirement<ClientGrading> = {
  id: 'C18',
  title: 'SELECT_CONFIGURATION without a descriptor unconfigures the device',
  sections: [rdpeusb('2.2.9.2')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    const before = await device.configure();
    const { configurationValue } = before.configuration;
    const completion = await device.transferIn(selectConfiguration(undefined), 0);
    checkSuccess(completion, 'SELECT_CONFIGURATION without a descriptor');
    checkEqual(
      await currentConfiguration(device),
      0,
      'the current configuration after SELECT_CONFIGURATION without one',
    );
    for (const { pipeHandle } of before.pipes) {
      checkFailed(
        await device.transferIn(pipeRequest('URB_FUNCTION_ABORT_PIPE', pipeHandle), 0),
        'a PIPE_REQUEST for a pipe of the configuration that was left',
      );
    }
    await device.configure();
    checkEqual(
      await currentConfiguration(device),
      configurationValue,
      'the current configuration after selecting it again',
    );
  },
};

async function currentConfiguration(device: GradedDevice): Promise<number | undefined> {
  const completion = await device.transferIn(getConfiguration(), 1);
  checkSuccess(completion, 'GET_CONFIGURATION');
  return completion.data[0];
}

const interfaceSelected: Requirement<ClientGrading> = {
  id: 'C19',
  title: 'SELECT_INTERFACE gives the new pipes, and the old pipe handles of the interface are no good any more',
  sections: [rdpeusb('2.2.9.3'), rdpeusb('2.2.10.3')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    const before = await device.configure();
    const setting = settingToSelect(before.configuration);
    const { interfaceNumber, alternateSetting, endpoints } = setting;
    const urb = selectInterface(before.handle, interfaceNumber, alternateSetting, endpoints.length);
    const completion = await device.transferIn(urb, 0);
    checkSuccess(completion, 'SELECT_INTERFACE');
    const { tsUrbResult } = completion;
    check(tsUrbResult.name === 'TS_URB_SELECT_INTERFACE_RESULT', 'SELECT_INTERFACE has no result of its own');
    checkInterface(tsUrbResult.interface, setting);
    const handles = tsUrbResult.interface.pipes.map(({ pipeHandle }) => pipeHandle);
    for (const pipeHandle of handles) {
      checkSuccess(
        await device.transferIn(pipeRequest('URB_FUNCTION_ABORT_PIPE', pipeHandle), 0),
        'ABORT_PIPE for a new pipe',
      );
    }
    for (const pipeHandle of staleHandles(before, interfaceNumber, handles)) {
      checkFailed(
        await device.transferIn(pipeRequest('URB_FUNCTION_ABORT_PIPE', pipeHandle), 0),
        'a PIPE_REQUEST for a pipe that the interface had before',
      );
    }
  },
};

/** An alternate setting where there is one, else what is selected already. */
function settingToSelect(configuration: Configuration): InterfaceSetting {
  const { interfaces } = configuration;
  const setting = interfaces.find(({ alternateSetting }) => alternateSetting !== 0) ?? interfaces[0];
  if (setting === undefined) throw new CheckFailure('the configuration has no interface');
  return setting;
}

/** Pipes of the interface's alternate setting 0 whose handle has not been given out again. */
function staleHandles(before: Configured, interfaceNumber: number, current: readonly number[]): number[] {
  const setting = settingsOf(before.configuration).find((each) => each.interfaceNumber === interfaceNumber);
  const addresses = (setting?.endpoints ?? []).map(({ endpointAddress }) => endpointAddress);
  return before.pipes
    .filter(({ endpointAddress, pipeHandle }) => addresses.includes(endpointAddress) && !current.includes(pipeHandle))
    .map(({ pipeHandle }) => pipeHandle);
}

export const SELECTION_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [
  selected,
  paddings,
  unconfigured,
  interfaceSelected,
];
