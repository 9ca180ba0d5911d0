import { UsageError } from '../../../codecs/core/errors.ts';
import type { UsbOperation, UsbStatus } from '../../ports/usb.ts';
import type { Fault, FaultRule, FaultScript } from './faultScript.ts';

const OPERATIONS: Readonly<Record<UsbOperation['type'], true>> = {
  control: true,
  transferIn: true,
  transferOut: true,
  isochronousIn: true,
  isochronousOut: true,
  setConfiguration: true,
  setInterface: true,
  clearHalt: true,
  resetEndpoint: true,
  abortEndpoint: true,
  resetDevice: true,
  cyclePort: true,
  queryBus: true,
};
const STATUSES: Readonly<Record<UsbStatus, true>> = {
  completed: true,
  stalled: true,
  cancelled: true,
  timedOut: true,
  disconnected: true,
  overflowed: true,
  notSupported: true,
  invalidParameter: true,
  notFound: true,
  busy: true,
  badStartFrame: true,
  noBandwidth: true,
  outOfMemory: true,
  failed: true,
};

/**
 * Reads a fault script from JSON: an array of {@link FaultRule}. Whether its numbers make sense is looked at when it is
 * used.
 * @throws UsageError that says which rule is wrong, and how.
 */
export function parseFaultScript(text: string): FaultScript {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`the fault script is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(json)) throw new UsageError('the fault script is not a list of rules: put them in [ ]');
  return json.map((rule: unknown, index) => readRule(new Fields(rule, `fault rule ${index + 1}`)));
}

/** The properties of an object, each of which has to be asked for. */
class Fields {
  readonly #name: string;
  readonly #left: Map<string, unknown>;

  constructor(value: unknown, name: string) {
    if (typeof value !== 'object' || value === null) throw new UsageError(`${name}: give an object`);
    this.#name = name;
    this.#left = new Map(Object.entries(value));
  }

  take(key: string): unknown {
    const value = this.#left.get(key);
    this.#left.delete(key);
    return value;
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.#fail(`${key} is missing`);
  }

  optionalNumber(key: string): number | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value === 'number') return value;
    return this.#fail(`${key} ${JSON.stringify(value)}: give a number`);
  }

  oneOf<T extends string>(key: string, value: unknown, all: Readonly<Record<T, true>>): T {
    if (isKeyOf(value, all)) return value;
    return this.#fail(`${key} ${JSON.stringify(value)}: use one of ${Object.keys(all).join(', ')}`);
  }

  inner(key: string): Fields {
    return new Fields(this.take(key), `${this.#name}, ${key}`);
  }

  /** To be called last. */
  end(): void {
    const [key] = this.#left.keys();
    if (key !== undefined) this.#fail(`${key}: there is no such property`);
  }

  #fail(problem: string): never {
    throw new UsageError(`${this.#name}: ${problem}`);
  }
}

function readRule(fields: Fields): FaultRule {
  const fault = readFault(fields.inner('fault'));
  const operation = fields.take('operation');
  const numbers: Partial<Record<'endpointAddress' | 'bRequest' | 'nth' | 'every' | 'probability' | 'times', number>> =
    {};
  for (const key of ['endpointAddress', 'bRequest', 'nth', 'every', 'probability', 'times'] as const) {
    const number = fields.optionalNumber(key);
    if (number !== undefined) numbers[key] = number;
  }
  const about = operation === undefined ? {} : { operation: fields.oneOf('operation', operation, OPERATIONS) };
  fields.end();
  return { fault, ...about, ...numbers };
}

const FAULTS: Readonly<Record<Fault['type'], true>> = {
  stall: true,
  fail: true,
  short: true,
  babble: true,
  delay: true,
  hang: true,
  losePackets: true,
  unplug: true,
};

function readFault(fields: Fields): Fault {
  const fault = readFaultOf(fields.oneOf('type', fields.take('type'), FAULTS), fields);
  fields.end();
  return fault;
}

function readFaultOf(type: Fault['type'], fields: Fields): Fault {
  switch (type) {
    case 'fail':
      return { type, status: fields.oneOf('status', fields.take('status'), STATUSES) };
    case 'short':
      return { type, length: fields.number('length') };
    case 'babble':
      return { type, extra: fields.number('extra') };
    case 'delay':
      return { type, milliseconds: fields.number('milliseconds') };
    case 'losePackets':
      return { type, every: fields.number('every') };
    case 'stall':
    case 'hang':
    case 'unplug':
      return { type };
  }
}

function isKeyOf<T extends string>(value: unknown, all: Readonly<Record<T, true>>): value is T {
  return typeof value === 'string' && Object.hasOwn(all, value);
}
