import { USBIP_PORT } from '../../codecs/usbip/operations.ts';
import { listExported, type UsbipServerAddress } from '../devices/usbip/operations.ts';
import type { AcquiringOptions } from '../devices/acquiredDevices.ts';
import { openUsbipDevices } from '../devices/usbip/usbipDevices.ts';
import { openUsbipHostDevices } from '../devices/usbipHost/usbipHostDevices.ts';
import { openUsbredirDevices } from '../devices/usbredir/usbredirDevices.ts';
import type { UsbDeviceSource } from '../ports/usb.ts';
import { systemClock } from '../systemClock.ts';
import { usbSpeedOf } from '../usbip/speed.ts';
import { plainError } from '../../transports/transportError.ts';
import { Failure, oneLine } from './failure.ts';
import { parseGuestUrl } from './guestUrl.ts';
import { packageVersion } from './packageVersion.ts';
import { RepeatableOption } from './repeatableOption.ts';
import type { Terminal } from './terminal.ts';

export interface FromOptions {
  readonly from?: readonly string[];
  readonly wait?: boolean;
}

/** A server of USB/IP that `--from` names. */
interface UsbipPlace extends UsbipServerAddress {
  /** As given, for messages. */
  readonly text: string;
  readonly port: number;
  readonly busid: string | undefined;
}

const USBIP_FORM =
  /^usbip:\/\/(?:\[(?<address>[^\]]+)\]|(?<name>[^:/?#@[\]\s]+))(?::(?<port>\d{1,5}))?(?:\/(?<busid>[\w.:-]{0,31}))?$/;
const USBIP_HOST = 'usbip-host:';
const USBREDIR = /^usbredir(\+unix)?:\//;
const FORMS = 'use usbip://HOST[:PORT]/BUSID, usbip-host:PORT or usbredir://HOST:PORT';

export function fromOption(): RepeatableOption {
  return new RepeatableOption(
    '--from <where>',
    'a device from elsewhere: usbip://HOST[:PORT]/BUSID, which a USB/IP server exports (urbdrc list --from shows them); ' +
      'usbip-host:PORT, one of this machine through the kernel’s usbip-host; usbredir://HOST:PORT, that of usbredirect',
  );
}

/** @throws Failure for what is none */
function parseServer(text: string): UsbipPlace {
  const { address, name, port: digits, busid } = USBIP_FORM.exec(text)?.groups ?? {};
  const host = address ?? name;
  const port = digits === undefined ? USBIP_PORT : Number(digits);
  if (host === undefined || port === 0 || port > 0xffff) throw new Failure(`--from ${text}: ${FORMS}`, 2);
  return { text, host, port, busid: busid === '' ? undefined : busid };
}

/** Whether any of the places is another machine. */
export function isFromOthers({ from = [] }: FromOptions): boolean {
  return from.some((text) => !text.startsWith(USBIP_HOST));
}

/**
 * The sources that `--from` names; those of one server are one.
 * @throws Failure for a place that is none; an Error with one line when a device is not to be had
 */
export async function openFrom(options: FromOptions, terminal: Terminal): Promise<UsbDeviceSource[]> {
  const { from = [], wait = false } = options;
  const local = from.filter((text) => text.startsWith(USBIP_HOST)).map((text) => text.slice(USBIP_HOST.length));
  const servers = new Map<string, { readonly place: UsbipPlace; readonly busids: string[] }>();
  const hosts = from.filter((text) => USBREDIR.test(text));
  const others = from.filter((text) => !text.startsWith(USBIP_HOST) && !USBREDIR.test(text));
  for (const place of others.map(parseServer)) {
    const { text, host, port, busid } = place;
    if (busid === undefined) {
      const list = `\`urbdrc list --from ${text}\` shows them`;
      throw new Failure(`--from ${text}: say which device, usbip://HOST/BUSID; ${list}`, 2);
    }
    const key = `${host} ${port}`;
    const server = servers.get(key) ?? { place, busids: [] };
    server.busids.push(busid);
    servers.set(key, server);
  }
  const acquiring = (text: string): AcquiringOptions => ({
    clock: systemClock,
    wait,
    onProblem: (error) => terminal.say(`${oneLine(plain(error, text))}; it is tried again until it works`),
    onFinding: (error) => terminal.detail(oneLine(error)),
  });
  const sources: UsbDeviceSource[] = [];
  try {
    if (local.length > 0) sources.push(await openUsbipHostDevices({ ...acquiring(USBIP_HOST), busids: local }));
    for (const { place, busids } of servers.values()) {
      const { text, host, port } = place;
      const opening = openUsbipDevices({ ...acquiring(text), host, port, busids });
      sources.push(
        await opening.catch((error: unknown) => {
          throw plain(error, text);
        }),
      );
    }
    for (const text of hosts) sources.push(await openUsbredir(text, acquiring(text)));
    return sources;
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

/** @throws UsageError for what is no such URL */
async function openUsbredir(text: string, acquiring: AcquiringOptions): Promise<UsbDeviceSource> {
  const { target } = parseGuestUrl(text);
  const address = target.scheme === 'unix' ? { path: target.path } : { host: target.host, port: target.port };
  const opening = openUsbredirDevices({ ...acquiring, address, version: `urbdrc ${packageVersion()}` });
  return opening.catch((error: unknown) => {
    throw plain(error, text);
  });
}

/** An error of the system has no line for people. */
function plain(error: unknown, text: string): unknown {
  return error instanceof Error && 'syscall' in error ? plainError(error, text) : error;
}

/** A device that a server exports, as `list` shows it. */
export interface ExportedRow {
  readonly vendorId: number;
  readonly productId: number;
  readonly busid: string;
  readonly speed: string;
  readonly class: number;
}

/** @throws Failure for a place that is none; an Error with one line when the server does not answer */
export async function listFrom(text: string): Promise<ExportedRow[]> {
  const place = parseServer(text);
  const devices = await listExported(place, systemClock).catch((error: unknown) => {
    throw plain(error, text);
  });
  return devices
    .filter(({ busid }) => place.busid === undefined || busid === place.busid)
    .map((device) => ({
      vendorId: device.idVendor,
      productId: device.idProduct,
      busid: device.busid,
      speed: usbSpeedOf(device.speed),
      class: device.bDeviceClass,
    }));
}
