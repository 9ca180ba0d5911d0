import { InvalidArgumentError, Option } from 'commander';
import { LONGEST_WAIT } from '../control/controlMessages.ts';
import { systemClock } from '../systemClock.ts';
import { USBIP_PORT } from '../../codecs/usbip/operations.ts';
import { type ImportSharing, UsbipServer } from '../hosts/usbipServer/usbipServer.ts';
import type { UsbDeviceIdentity } from '../ports/usb.ts';
import { processConnections } from '../../transports/processConnections.ts';
import { plainError } from '../../transports/transportError.ts';
import { isLoopback } from '../../transports/url.ts';
import { Failure, oneLine } from './failure.ts';
import { eventDevice } from './programEvent.ts';
import type { Terminal } from './terminal.ts';

export interface ExportOptions {
  readonly export?: string;
  readonly exportWait?: number;
}

const URL_FORM = /^usbip:\/\/(?:\[(?<address>[^\]]+)\]|(?<name>[^:/?#@[\]\s]+))(?::(?<port>\d{1,5}))?\/?$/;

export function exportOption(): Option {
  return new Option(
    '--export <url>',
    'let programs of this machine import the devices: usbip://127.0.0.1:3240, by USB/IP',
  );
}

/** `--export-wait`. */
export function exportWaitOption(): Option {
  return new Option(
    '--export-wait <seconds>',
    'with --export: who wants a device that another program has waits for so long; default: not at all',
  ).argParser((text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value > 0 && value <= LONGEST_WAIT) return value;
    throw new InvalidArgumentError(`not whole seconds from 1 to ${LONGEST_WAIT}.`);
  });
}

/**
 * The host that lets clients of USB/IP import devices, and says what becomes of them.
 * @throws Failure when it may not, or cannot, listen there
 */
export async function openUsbipServer(
  text: string,
  terminal: Terminal,
  describe: (identity: UsbDeviceIdentity) => string,
  sharing: ImportSharing,
): Promise<UsbipServer> {
  const { host, port } = parseUrl(text);
  const server = await UsbipServer.listen({
    host,
    port,
    clock: systemClock,
    connections: processConnections(),
    sharing,
    onImported: ({ identity }, remote) => {
      const line = `${remote} imported ${describe(identity)}`;
      terminal.say(line, { event: 'imported', remote, ...eventDevice(identity) });
    },
    onReleased: ({ identity }, remote, error) => {
      const why = error === undefined ? '' : `: ${oneLine(error)}`;
      const line = `${remote} released ${describe(identity)}${why}`;
      terminal.say(line, { event: 'released', remote, ...eventDevice(identity) });
    },
    onRefused: (error, remote) => terminal.refused(error, remote),
  }).catch((error: unknown) => {
    throw plainError(error, text);
  });
  terminal.say(`exporting on ${server.url}`, { event: 'exporting', url: server.url });
  return server;
}

/** @throws Failure, also for an address that other machines can reach */
function parseUrl(text: string): { readonly host: string; readonly port: number } {
  const { address, name, port: digits } = URL_FORM.exec(text)?.groups ?? {};
  const host = address ?? name;
  const port = digits === undefined ? USBIP_PORT : Number(digits);
  if (host === undefined || port > 0xffff) throw new Failure(`--export ${text}: use usbip://HOST:PORT`, 2);
  if (!isLoopback(host)) {
    throw new Failure(
      `--export ${text}: USB/IP has neither password nor encryption. Export on 127.0.0.1, ` +
        `and let other machines come through a tunnel: ssh -L ${port}:127.0.0.1:${port} THIS_MACHINE`,
      2,
    );
  }
  return { host, port };
}

/** The command that imports the device on Linux. */
export function attachCommand(url: string, busid: string): string {
  const [, host = '', port = ''] = /^usbip:\/\/(.*):(\d+)$/.exec(url) ?? [];
  const option = port === String(USBIP_PORT) ? '' : ` --tcp-port ${port}`;
  return `usbip${option} attach -r ${host.replace(/[[\]]/g, '')} -b ${busid}`;
}
