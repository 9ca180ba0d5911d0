import { Command } from 'commander';
import { openLibusbDevices } from '../devices/libusb/libusbDevices.ts';
import { inspectUsbDevice } from '../devices/libusb/access.ts';
import type { UsbDevice } from '../session/ports.ts';
import { PROCESS, type Surroundings } from './surroundings.ts';
import { formatVidPid, jsonLine, printable } from './text.ts';

/** One device as `list --json` prints it. */
export interface DeviceRow {
  readonly device: string;
  readonly port: string;
  readonly speed: string;
  readonly class: number;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly serial: string | null;
  readonly drivers: readonly string[];
  readonly canOpen: boolean;
  readonly advice: string | null;
}

export function listCommand(around: Surroundings = PROCESS): Command {
  return new Command('list')
    .description('show the USB devices of this machine, who uses them, and whether they can be redirected')
    .option('--json', 'print one JSON array')
    .addHelpText(
      'after',
      `
Examples:
  urbdrc list
  urbdrc list --json | jq '.[] | select(.canOpen) | .device'`,
    )
    .action(async (options: { json?: boolean }) => {
      const source = await openLibusbDevices();
      try {
        const rows = (await source.list()).map(describe);
        around.stdout.write(options.json === true ? `[${rows.map(jsonLine).join(',\n ')}]\n` : formatTable(rows));
      } finally {
        await source.close();
      }
    });
}

function describe(device: UsbDevice): DeviceRow {
  const { identity } = device;
  const access = inspectUsbDevice(identity);
  return {
    device: formatVidPid(identity),
    port: identity.portPath,
    speed: identity.speed,
    class: identity.deviceClass,
    manufacturer: identity.manufacturerName ?? null,
    product: identity.productName ?? null,
    serial: identity.serialNumber ?? null,
    drivers: access.drivers,
    canOpen: access.canOpen,
    advice: access.advice ?? null,
  };
}

/** For people. */
export function formatTable(rows: readonly DeviceRow[]): string {
  if (rows.length === 0) return 'no USB devices here\n';
  const head = ['DEVICE', 'PORT', 'SPEED', 'DRIVER', 'OPEN', 'NAME'];
  const cells = rows.map((row) => [
    row.device,
    row.port,
    row.speed,
    row.drivers.length === 0 ? '-' : row.drivers.join(','),
    row.canOpen ? 'yes' : 'no',
    [row.manufacturer, row.product, row.serial === null ? null : `(serial ${row.serial})`]
      .filter((part) => part !== null)
      .map(printable)
      .join(' '),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const line = (parts: readonly string[]) =>
    parts
      .map((part, i) => part.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const advice = rows.filter((row) => row.advice !== null).map((row) => `${row.device}: ${row.advice ?? ''}`);
  return [line(head), ...cells.map(line), ...advice, ''].join('\n');
}
