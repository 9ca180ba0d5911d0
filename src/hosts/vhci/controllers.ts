import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { UsbSpeed } from '../../ports/usb.ts';
import { HostError } from '../hostError.ts';

/**
 * State of a port, in the kernel's order. Between an attach and the end of enumeration it is
 * `notAssigned`; `error` ends with a detach.
 */
export type VhciPortState = 'free' | 'notAssigned' | 'used' | 'error' | 'unknown';

/** A port of the kernel's virtual host controllers, as a row of their status tables tells it. */
export interface VhciPort {
  /** The number of the controller: 1 for vhci_hcd.1. */
  readonly controller: number;
  /** The number by which `attach` and `detach` know the port; no two controllers share one. */
  readonly port: number;
  /** Which root hub: devices of low, full and high speed go to `high`, faster ones to `super`. */
  readonly hub: 'high' | 'super';
  readonly state: VhciPortState;
  /** Undefined unless `used`. */
  readonly speed: UsbSpeed | undefined;
  /** Device id that was given to `attach`: `bus << 16 | address` at the other end. 0 unless `used`. */
  readonly deviceId: number;
  /** The kernel's name of the device, e.g. `4-1`. Undefined unless `used`. */
  readonly busId: string | undefined;
}

/** The folder of `attach` and `detach`, which serve all controllers, whatever its name says. */
export function vhciFolder(sysfsRoot: string): string {
  return join(sysfsRoot, 'devices/platform/vhci_hcd.0');
}

/** Whether the kernel's module vhci-hcd is loaded. */
export async function isPresent(sysfsRoot: string): Promise<boolean> {
  return (await statusFiles(sysfsRoot)).length > 0;
}

/**
 * The ports of all virtual host controllers, by number. None where the module vhci-hcd is not loaded.
 *
 * @throws HostError that quotes what is not a row of a status table
 */
export async function readPorts(sysfsRoot: string): Promise<VhciPort[]> {
  const ports: VhciPort[] = [];
  for (const { controller, name } of await statusFiles(sysfsRoot)) {
    const file = join(vhciFolder(sysfsRoot), name);
    // A file that cannot be read any more: the module was unloaded since.
    const text = await readFile(file, 'utf8').catch(() => '');
    ports.push(...parseStatus(text, controller, file));
  }
  return ports.sort((one, other) => one.port - other.port);
}

interface StatusFile {
  readonly controller: number;
  readonly name: string;
}

/** `status` is the first controller's table, `status.1` the second's, and so on: all in the first one's folder. */
async function statusFiles(sysfsRoot: string): Promise<StatusFile[]> {
  const names = await readdir(vhciFolder(sysfsRoot)).catch(() => []);
  return names.flatMap((name) => {
    const [matched, controller = '0'] = /^status(?:\.(\d+))?$/.exec(name) ?? [];
    return matched === undefined ? [] : [{ controller: Number(controller), name }];
  });
}

const STATES: Readonly<Record<number, VhciPortState>> = { 4: 'free', 5: 'notAssigned', 6: 'used', 7: 'error' };
const SPEEDS: Readonly<Record<number, UsbSpeed>> = { 1: 'low', 2: 'full', 3: 'high', 5: 'super', 6: 'superPlus' };

/**
 * A status table. Its columns: hub (`hs`, `ss`; kernels before 4.11 have only high-speed ports, and no such column), port,
 * state and speed in decimal digits, device id in hexadecimal ones, a socket (its descriptor; in older kernels its
 * address), the device's name. Head lines and further columns are skipped.
 *
 * @param source whose table it is, for the error
 * @throws HostError that quotes what is not a row
 */
export function parseStatus(text: string, controller: number, source: string): VhciPort[] {
  return text.split('\n').flatMap((line) => {
    const words = line.split(/\s+/).filter((word) => word !== '');
    const [first] = words;
    if (first === undefined || first === 'hub' || first === 'prt' || first === 'port') return [];
    const port = parseRow(first === 'hs' || first === 'ss' ? words : ['hs', ...words], controller);
    if (port === undefined) {
      throw new HostError('VHCI_UNUSABLE', `${source} has a line that tells of no port: ${JSON.stringify(line)}`);
    }
    return [port];
  });
}

function parseRow(words: readonly string[], controller: number): VhciPort | undefined {
  const [hub, port = '', state = '', speed = '', deviceId = '', socket, busId] = words;
  const isRow = [port, state, speed].every((word) => /^\d{1,9}$/.test(word)) && /^[\da-f]{1,8}$/i.test(deviceId);
  if (!isRow || socket === undefined || busId === undefined) return undefined;
  const name = STATES[Number(state)] ?? 'unknown';
  return {
    controller,
    port: Number(port),
    hub: hub === 'ss' ? 'super' : 'high',
    state: name,
    speed: SPEEDS[Number(speed)],
    deviceId: parseInt(deviceId, 16),
    busId: name === 'used' ? busId : undefined,
  };
}
