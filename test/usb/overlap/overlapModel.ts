import fc from 'fast-check';
import { OrderedDevice } from '../../../src/usb/massStorage/orderedDevice.ts';
import { OverlappedDevice } from '../../../src/usb/overlap/overlappedDevice.ts';
import { type DiskFault, DiskModel, PACKET } from './diskModel.ts';
import { follow, type HostCommand, runCommands } from './hostModel.ts';
import { DistantDevice, Schedule } from './schedule.ts';

export interface Scenario {
  readonly commands: readonly HostCommand[];
  /** One a command that reaches the device. */
  readonly faults: readonly (DiskFault | undefined)[];
  /** Milliseconds, one way. */
  readonly delay: number;
  /** Milliseconds that the device takes for each transfer. */
  readonly time: number;
  /** Milliseconds until the device is pulled out. */
  readonly unplugAt: number | undefined;
}

export interface View {
  /** What the host saw; undefined if it waits for ever. */
  readonly outcomes: readonly string[] | undefined;
  /** What the device saw. */
  readonly log: readonly string[];
  readonly outOfTurn: number;
  readonly steps: number;
  /** Virtual milliseconds. */
  readonly time: number;
  readonly overlapped: number;
}

/** Runs a scenario with or without overlap. */
export function play(scenario: Scenario, isOverlapped: boolean): View {
  const schedule = new Schedule();
  const disk = new DiskModel(schedule, scenario.faults, scenario.time);
  const distant = new DistantDevice(new OrderedDevice(disk), schedule, scenario.delay);
  let overlapped = 0;
  const observer = { command: () => {}, overlapped: () => (overlapped += 1), fellBack: () => {} };
  const options = { clock: schedule, roundTrip: () => 2 * scenario.delay, maximumTransferSize: 1 << 20, observer };
  const device = isOverlapped ? new OverlappedDevice(distant, options) : distant;
  let outcomes: string[] | undefined;
  let time = 0;
  follow(runCommands(scenario.commands), device, schedule, (result) => {
    outcomes = result;
    time = schedule.now();
  });
  if (scenario.unplugAt !== undefined) schedule.after(scenario.unplugAt, () => disk.unplug());
  schedule.run();
  return { outcomes, log: disk.log, outOfTurn: disk.outOfTurn, steps: schedule.steps, time, overlapped };
}

const length = fc.oneof(
  fc.constantFrom(0, 13, 18, 31, 36, PACKET, 2 * PACKET, 4096),
  fc.integer({ min: 1, max: 3 * PACKET }),
);

const command: fc.Arbitrary<HostCommand> = fc.record({
  lun: fc.integer({ min: 0, max: 3 }),
  direction: fc.constantFrom('in', 'out'),
  length,
  piece: fc.constantFrom(PACKET, 2 * PACKET, 1 << 16),
  afterFailure: fc.constantFrom('recover', 'reset'),
  before: fc.oneof(
    { weight: 8, arbitrary: fc.constant('nothing' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('getMaxLun', 'setInterface', 'resetDevice', 'setConfiguration'),
    },
  ),
});

const fault: fc.Arbitrary<DiskFault> = fc.record({
  type: fc.constantFrom(
    'stallCommand',
    'hangCommand',
    'shortData',
    'stallData',
    'hangData',
    'statusForData',
    'failData',
    'stallStatus',
    'stallStatusTwice',
    'hangStatus',
    'failStatus',
    'refuse',
  ),
  after: fc.oneof(fc.constantFrom(0, PACKET, 2 * PACKET), fc.integer({ min: 0, max: 3 * PACKET })),
});

/** Commands of any kind, with faults in every phase. */
export const scenarios = (maximumCommands: number, withUnplug: boolean): fc.Arbitrary<Scenario> =>
  fc.record({
    commands: fc.array(command, { minLength: 1, maxLength: maximumCommands }),
    faults: fc.array(fc.option(fault, { nil: undefined, freq: 2 }), { maxLength: maximumCommands }),
    delay: fc.constantFrom(0, 1, 5, 25),
    time: fc.constantFrom(0, 1, 40),
    unplugAt: withUnplug ? fc.integer({ min: 0, max: 2000 }) : fc.constant(undefined),
  });
