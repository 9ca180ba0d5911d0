import { InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../codecs/core/errors.ts';
import type { FaultScript } from '../devices/virtual/faultScript.ts';
import { parseFaultScript } from '../devices/virtual/faultScriptText.ts';
import { faultInjector } from '../devices/virtual/faultyDevice.ts';
import { systemClock } from '../systemClock.ts';
import type { UsbDevice, UsbOperation } from '../ports/usb.ts';
import { Failure } from './failure.ts';
import { readText } from './files.ts';
import type { Terminal } from './terminal.ts';

/** Options for the faults of virtual devices. */
export interface FaultOptions {
  readonly faults?: string;
  readonly seed?: number;
}

/** `--faults`. */
export function faultsOption(): Option {
  return new Option('--faults <file>', 'with --virtual: what goes wrong with it, a list of rules in JSON');
}

/** `--seed`. */
export function seedOption(): Option {
  const text = 'with --faults: the course of chance, the same for the same number (default 0)';
  return new Option('--seed <number>', text).argParser(seed);
}

function seed(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('not a whole number from 0.');
  return value;
}

/**
 * Makes the decorator that gives a device its faults; with --verbose it prints each of them.
 * @throws Failure when the file cannot be read or its rules are wrong
 */
export async function readFaults(
  { faults: file, seed = 0 }: FaultOptions,
  terminal: Terminal,
): Promise<(device: UsbDevice) => UsbDevice> {
  if (file === undefined) {
    if (seed > 0) throw new Failure('--seed is about --faults FILE', 2);
    return (device) => device;
  }
  const script = await readScript(file);
  const inject = about(file, () =>
    faultInjector(script, {
      seed,
      clock: systemClock,
      onFault: ({ fault }, operation) => terminal.detail(`fault ${fault.type}: ${describe(operation)}`),
    }),
  );
  const faulty = new WeakMap<UsbDevice, UsbDevice>();
  return (device) => {
    const known = faulty.get(device) ?? inject(device);
    faulty.set(device, known);
    return known;
  };
}

async function readScript(file: string): Promise<FaultScript> {
  const text = await readText(file);
  return about(file, () => parseFaultScript(text));
}

/** Says which file is wrong. */
function about<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new Failure(`${file}: ${error.message}`, 2) : error;
  }
}

function describe(operation: UsbOperation): string {
  if (operation.type === 'control') return `control request ${hex(operation.setup.bRequest)}`;
  return 'endpointAddress' in operation ? `${operation.type} ${hex(operation.endpointAddress)}` : operation.type;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}
