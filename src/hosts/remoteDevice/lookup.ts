/// <reference types="w3c-web-usb" preserve="true" />
import type { DeviceAlternate, DeviceConfiguration, DeviceEndpoint, DeviceInterface } from './configurations.ts';
import { webUsbError } from './webUsbError.ts';

const DIRECTIONS: readonly string[] = ['in', 'out'] satisfies USBDirection[];

/** A number as WebIDL's `octet`, which browsers make of what programs give: 257 is 1, and '1' too. */
function octet(value: number): number {
  return value & 0xff;
}

/** @throws NotFoundError when there is no such configuration. */
export function findConfiguration(
  what: string,
  configurations: readonly DeviceConfiguration[],
  value: number,
): DeviceConfiguration {
  const found = configurations.find((each) => each.value === octet(value));
  if (found !== undefined) return found;
  const present = configurations.map((each) => each.value).join(', ') || 'none';
  throw webUsbError('NotFoundError', `${what}: there is no such configuration; use one of: ${present}`);
}

/** @throws NotFoundError when the interface has no such alternate setting. */
export function findAlternate(what: string, { alternates }: DeviceInterface, setting: number): DeviceAlternate {
  const found = alternates.find((each) => each.setting === octet(setting));
  if (found !== undefined) return found;
  const present = alternates.map((each) => each.setting).join(', ');
  throw webUsbError('NotFoundError', `${what}: there is no such alternate setting; use one of: ${present}`);
}

/** @throws NotFoundError when the configuration has no such interface. */
export function findInterface(
  what: string,
  configuration: DeviceConfiguration,
  interfaceNumber: number,
): DeviceInterface {
  const found = configuration.interfaces.find((each) => each.number === octet(interfaceNumber));
  if (found !== undefined) return found;
  const present = configuration.interfaces.map((each) => each.number).join(', ') || 'none';
  throw webUsbError(
    'NotFoundError',
    `${what}: configuration ${configuration.value} has no interface ${interfaceNumber}; use one of: ${present}`,
  );
}

/** @throws NotFoundError, InvalidStateError unless the interface exists, is claimed and is not being changed. */
export function findClaimedInterface(
  what: string,
  configuration: DeviceConfiguration,
  interfaceNumber: number,
): DeviceInterface {
  const found = findInterface(what, configuration, interfaceNumber);
  checkUnchanging(what, found);
  if (found.claimed) return found;
  throw webUsbError(
    'InvalidStateError',
    `${what}: interface ${interfaceNumber} is not claimed; call claimInterface(${interfaceNumber}) first`,
  );
}

/** @throws InvalidStateError while a method is changing the interface. */
export function checkUnchanging(what: string, { number, changing }: DeviceInterface): void {
  if (changing === undefined) return;
  throw webUsbError('InvalidStateError', `${what}: ${changing} is changing interface ${number}; await it first`);
}

/**
 * The endpoint among those of claimed interfaces and their selected alternate settings.
 * @throws NotFoundError that tells which call is missing, or InvalidStateError while the interface is being changed.
 */
export function findEndpoint(what: string, configuration: DeviceConfiguration, address: number): DeviceEndpoint {
  for (const each of configuration.interfaces) {
    if (!each.claimed) continue;
    const found = each.selected.endpoints.find((endpoint) => endpoint.address === address);
    if (found === undefined) continue;
    checkUnchanging(what, each);
    return found;
  }
  throw webUsbError('NotFoundError', `${what}: ${whyMissing(configuration, address)}`);
}

/**
 * {@link findEndpoint} by number and direction, for a transfer of one of the types.
 * @throws NotFoundError, InvalidStateError, IndexSizeError for a number that no endpoint can have, InvalidAccessError for
 * an endpoint of another type, and TypeError for another direction
 */
export function findTransferEndpoint(
  what: string,
  configuration: DeviceConfiguration,
  endpointNumber: number,
  direction: USBDirection,
  types: readonly USBEndpointType[],
): DeviceEndpoint {
  const number = octet(endpointNumber);
  if (!DIRECTIONS.includes(direction)) throw new TypeError(`${what}: the direction is neither 'in' nor 'out'`);
  if (number < 1 || number > 15) throw webUsbError('IndexSizeError', `${what}: endpoints have the numbers 1 to 15`);
  const address = direction === 'in' ? number | 0x80 : number;
  const endpoint = findEndpoint(what, configuration, address);
  const { type } = endpoint.view;
  if (types.includes(type)) return endpoint;
  const family = type === 'isochronous' ? 'isochronousTransfer' : 'transfer';
  const method = `${family}${direction === 'in' ? 'In' : 'Out'}()`;
  throw webUsbError('InvalidAccessError', `${what}: ${endpointName(address)} is ${type}; use ${method}`);
}

function whyMissing(configuration: DeviceConfiguration, address: number): string {
  const name = endpointName(address);
  for (const { number, alternates, claimed, selected } of configuration.interfaces) {
    const owner = [selected, ...alternates].find(({ endpoints }) => endpoints.some((each) => each.address === address));
    if (owner === undefined) continue;
    if (!claimed) return `${name} belongs to interface ${number}; call claimInterface(${number}) first`;
    return `${name} needs another alternate setting; call selectAlternateInterface(${number}, ${owner.setting}) first`;
  }
  const present = configuration.interfaces.flatMap(({ selected }) => selected.endpoints.map((each) => each.address));
  return `there is no ${name}; use one of: ${present.map(endpointName).join(', ') || 'none'}`;
}

/** `endpoint 1 IN` */
function endpointName(address: number): string {
  return `endpoint ${address & 0x7f} ${(address & 0x80) === 0 ? 'OUT' : 'IN'}`;
}
