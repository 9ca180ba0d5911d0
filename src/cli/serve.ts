import { Command, InvalidArgumentError } from 'commander';
import type { Capture } from '../capture/openCapture.ts';
import type { RedirectionServer } from '../engine/server.ts';
import { DeviceTraffic } from '../metrics/deviceTraffic.ts';
import { systemClock } from '../systemClock.ts';
import type { RemoteDevice } from '../hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../hosts/remoteDevice/remoteUsb.ts';
import { Hub } from '../hub/hub.ts';
import type { HubEvent } from '../hub/hubDevice.ts';
import { rulePolicy } from '../policy/decide.ts';
import { FOREIGN_RULES } from '../policy/safeDefaults.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceIdentity, UsbDeviceSink } from '../ports/usb.ts';
import { isRdpUrl } from '../../transports/rdp/rdpUrl.ts';
import {
  attachOption,
  type AttachOptions,
  attachSeatOption,
  detachedLine,
  openVhciHost,
  FOREIGN_RULES_LINE,
} from './attachOption.ts';
import { captureOption, type CaptureOptions, endCapture, startCapture } from './captureOption.ts';
import { type AccessFile, accessOption, readAccessFile } from './accessFile.ts';
import { configOption } from './configFile.ts';
import { tellDecision } from './decisionLine.ts';
import { controlOption, type ControlOptions, openControl, type ProgramControl } from './controlOption.ts';
import {
  addEndpointOptions,
  ENDPOINT_HELP,
  type EndpointOptions,
  addReconnectOption,
  withConnections,
} from './endpoint.ts';
import { attachCommand, exportOption, type ExportOptions, exportWaitOption, openUsbipServer } from './exportOption.ts';
import { Failure, oneLine } from './failure.ts';
import { GuestPorts } from './guestPorts.ts';
import { ImportShare } from './importShare.ts';
import { parseGuestUrl } from './guestUrl.ts';
import { overlapOption, peerOption, type PeerOptions } from './peerOption.ts';
import { addRuleOptions, filterOption, type PolicyOptions, readRules, RULES_HELP } from './policyOptions.ts';
import { addOutputOptions, eventDevice, type OutputOptions } from './programEvent.ts';
import { metricsOption, type MetricsOptions, openProgramMetrics, type ProgramMetrics } from './metricsOption.ts';
import { quotedNames, Questions } from './questions.ts';
import { addRdpOptions, RDP_HELP } from './rdpEndpoint.ts';
import { checkWritable, isMassStorage, readSectors } from './readSectors.ts';
import { openRejoin, type RejoinCliOptions, rejoinOption } from './rejoinOption.ts';
import { serveConnection } from './serveConnection.ts';
import { handOverQuestion, shareOptions, startSweep, tellSharing } from './shareOption.ts';
import { stopSignal } from './stopSignal.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { Terminal } from './terminal.ts';
import { formatVidPid } from './text.ts';

/** Options of `serve`, and of what takes devices as it does. */
export interface ServeOptions
  extends
    EndpointOptions,
    PolicyOptions,
    CaptureOptions,
    AttachOptions,
    ExportOptions,
    PeerOptions,
    RejoinCliOptions,
    MetricsOptions,
    ControlOptions,
    OutputOptions {
  readonly readSectors?: number;
  readonly out?: string;
  readonly access?: string;
}

export function serveCommand(context: ProgramContext = PROCESS): Command {
  const command = new Command('serve')
    .description('take the USB devices that clients redirect')
    .option(
      '--read-sectors <count>',
      'read so many sectors of the first mass-storage device that comes, then end',
      count,
    )
    .option('--out <file>', 'where the sectors go')
    .addOption(attachOption().conflicts(['readSectors', 'out']))
    .addOption(attachSeatOption().conflicts(['export', 'readSectors', 'out']))
    .addOption(exportOption().conflicts(['attach', 'readSectors', 'out']))
    .addOption(exportWaitOption().conflicts(['attach', 'readSectors', 'out']))
    .addOption(configOption())
    .addOption(controlOption())
    .addOption(metricsOption())
    .addOption(captureOption())
    .addOption(peerOption())
    .addOption(rejoinOption())
    .addOption(overlapOption());
  command.addOption(accessOption());
  for (const option of shareOptions()) command.addOption(option);
  addOutputOptions(command);
  addRuleOptions(command).addOption(filterOption());
  return addReconnectOption(addRdpOptions(addEndpointOptions(command)))
    .addHelpText(
      'after',
      `${RULES_HELP}
Without rules every device is accepted, but with --attach and --export no keyboard, mouse or other HID, no network or
wireless adapter and no hub. --allow "*" accepts these, too.
${ENDPOINT_HELP}${RDP_HELP}

Examples:
  urbdrc serve --listen tcp://127.0.0.1:3000
  urbdrc serve --listen tls://0.0.0.0:3000 --token-file secret
  urbdrc serve --listen tls://0.0.0.0:3000 --token-file secret --attach vhci
  urbdrc serve --listen tls://0.0.0.0:3000 --token-file secret --attach usbredir://127.0.0.1:4000
  urbdrc serve --listen tls://0.0.0.0:3000 --token-file secret --export usbip://127.0.0.1:3240
  urbdrc serve --listen rdp://0.0.0.0:3389 --user me --password-file secret
  urbdrc serve --listen tcp://127.0.0.1:3000 --deny "interface 03/01/01" --allow "*"
  urbdrc serve --listen unix:/run/urbdrc.sock --read-sectors 65536 --out stick.img`,
    )
    .action((options: ServeOptions) => serve(options, context));
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('not a positive whole number.');
  return value;
}

/** Takes the devices that clients redirect, until it is stopped. @throws Failure with one line */
export async function serve(options: ServeOptions, context: ProgramContext): Promise<void> {
  const { readSectors: sectors, out } = options;
  if ((sectors === undefined) !== (out === undefined)) {
    throw new Failure('--read-sectors COUNT and --out FILE go together', 2);
  }
  if (options.seat !== undefined && options.attach?.[0] !== 'vhci') {
    throw new Failure('--seat NAME is about what --attach vhci attaches', 2);
  }
  const { policy: given, share } = await readRules(options);
  let meter: ProgramMetrics | undefined;
  let control: ProgramControl | undefined;
  const terminal = new Terminal(context, { ...options, onRefused: () => meter?.refusedPeer() });
  // A program looks at a device before it uses it; drivers of an operating system do not.
  const isForDrivers = options.attach !== undefined || options.export !== undefined;
  const policy = given ?? (isForDrivers ? rulePolicy(FOREIGN_RULES) : undefined);
  const access = await openAccess(options, terminal);
  const rejoin = openRejoin(options, terminal);
  const admitted = { ...options, access, tokens: access?.tokens ?? [] };
  const questions = new Questions(context, terminal, ({ entry, reason, claim }) => {
    if (claim !== undefined) return handOverQuestion(entry.device.identity, reason);
    const { identity } = entry.device;
    return `accept ${formatVidPid(identity)}${quotedNames(identity)}? It is ${reason}`;
  });
  if (out !== undefined) await checkWritable(out);
  const job = sectors === undefined || out === undefined ? undefined : new ReadJob(sectors, out, terminal);
  const jobDone = new AbortController();
  const usb = new RemoteUsb();
  usb.addEventListener('connect', ({ device }) => {
    terminal.say(`device ${describe(device)}`, { event: 'available', ...eventDevice(device) });
    void job?.offer(device)?.finally(() => jobDone.abort());
  });
  usb.addEventListener('disconnect', ({ device }) => {
    terminal.say(`gone: ${describe(device)}`, { event: 'unplugged', ...eventDevice(device) });
  });
  const stop = stopSignal(context);
  const ended = AbortSignal.any([stop.signal, jobDone.signal]);
  const servers = new Set<RedirectionServer>();
  // One listener for all: one for each connection would stay when the connection is over.
  ended.addEventListener('abort', () => servers.forEach((server) => void server.close()), { once: true });
  let place: Place | undefined;
  let capture: Capture | undefined;
  let stopSweep: () => void = () => {};
  try {
    const metrics = (meter = await openProgramMetrics(options, terminal));
    const sharing = new ImportShare({
      ...{ clock: systemClock, rules: share, wait: 1000 * (options.exportWait ?? 0), person: questions },
      ...{ devices: () => hub.devices, tell: (event: HubEvent) => void tellSharing(event, terminal) },
    });
    const opened = (place = await openPlace(options, usb, terminal, ended, sharing));
    if (given === undefined && isForDrivers) terminal.say(FOREIGN_RULES_LINE);
    const recording = (capture = startCapture(options, 'server', terminal));
    const traffic = new DeviceTraffic(systemClock);
    const hub = new Hub({
      clock: systemClock,
      person: questions,
      share,
      ...(policy !== undefined && { policy }),
      decorate: (device, id) => traffic.counted(metrics.device(recording.device(device)), id),
      onEvent: (event) => {
        metrics.event(event);
        control?.changed();
        tell(event, opened, terminal);
      },
    });
    control = await openControl(options, { program: 'serve', hub, traffic: () => traffic.list }, context, terminal);
    const connections = () =>
      withConnections(admitted, context, terminal, ended, 'urbdrc redirect --device VID:PID', (transport) =>
        serveConnection(transport, {
          ...{ hub, capture: recording, metrics, options: admitted, terminal, rejoin },
          closeOnStop: (server) => {
            servers.add(server);
            if (ended.aborted) void server.close();
            const left = metrics.connected();
            void server.closed.then(() => {
              servers.delete(server);
              left();
            });
          },
        }),
      );
    if (opened.sink !== undefined) await hub.addSink(opened.sink);
    stopSweep = startSweep(hub, terminal);
    if (opened.ports === undefined) await connections();
    else await opened.ports.runWhile(connections, hub, ended);
  } finally {
    stopSweep();
    await place?.sink?.close();
    questions.close();
    stop.release();
    await control?.close();
    await meter?.close();
    if (capture !== undefined) endCapture(capture, options, terminal);
  }
  await job?.finish(stop.signal.aborted);
  if (stop.signal.aborted) terminal.say('stopped', { event: 'stopped' });
}

async function openAccess(
  { access, connect, listen }: ServeOptions,
  terminal: Terminal,
): Promise<AccessFile | undefined> {
  if (access === undefined) return undefined;
  if (connect !== undefined) throw new Failure('--access is about who comes to --listen', 2);
  if (listen !== undefined && isRdpUrl(listen))
    throw new Failure('rdp:// has no tokens: use --user NAME and --password-file FILE', 2);
  return readAccessFile(access, (line) => terminal.say(line));
}

/** Where devices go, and the lines about it. */
interface Place {
  readonly sink?: UsbDeviceSink;
  /** Sinks that come and go. */
  readonly ports?: GuestPorts;
  attached?(attachment: Attachment): string;
  ended?(device: UsbDevice, end: AttachmentEnd): string;
}

async function openPlace(
  options: AttachOptions & ExportOptions,
  usb: RemoteUsb,
  terminal: Terminal,
  ended: AbortSignal,
  sharing: ImportShare,
): Promise<Place> {
  const { attach } = options;
  if (attach !== undefined && attach[0] !== 'vhci') {
    return { ports: new GuestPorts(attach.map(parseGuestUrl), terminal, describe) };
  }
  if (attach !== undefined) {
    if (attach.length > 1) throw new Failure('--attach vhci stands alone: this machine needs no other port', 2);
    const sink = await openVhciHost(options, terminal, describe, ended);
    return { sink, ended: ({ identity }, end) => detachedLine(describe(identity), end) };
  }
  if (options.export === undefined) return { sink: usb };
  const sink = await openUsbipServer(options.export, terminal, describe, sharing);
  return {
    sink,
    attached: ({ device, location = '' }) =>
      `exported ${describe(device.identity)} as ${location}: ${attachCommand(sink.url, location)}`,
  };
}

/** What becomes of devices. */
function tell(event: HubEvent, place: Place, terminal: Terminal): void {
  place.ports?.tell(event);
  switch (event.type) {
    case 'decided':
      tellDecision(event, describe, terminal);
      return;
    case 'attached':
      if (place.attached !== undefined) {
        const { device, location = '' } = event.attachment;
        terminal.say(place.attached(event.attachment), {
          event: 'attached',
          location,
          ...eventDevice(device.identity),
        });
      }
      return;
    case 'rejected': {
      if (place.ports !== undefined) return;
      const { identity } = event.entry.device;
      const error = oneLine(event.error);
      terminal.warn(`${describe(identity)} is not attached: ${error}`, {
        event: 'notAttached',
        error,
        ...eventDevice(identity),
      });
      return;
    }
    case 'ended':
      if (place.ended !== undefined) {
        const { device } = event.entry;
        terminal.say(place.ended(device, event.end), {
          event: 'detached',
          reason: event.end.reason,
          ...eventDevice(device.identity),
        });
      }
      return;
    case 'failed':
      terminal.warn(oneLine(event.error));
      return;
    case 'gone':
    case 'sinkAdded':
    case 'sinkRemoved':
    case 'sourceAdded':
    case 'sourceRemoved':
      return;
    default:
      tellSharing(event, terminal);
  }
}

function describe(device: RemoteDevice | UsbDeviceIdentity): string {
  const { manufacturerName, productName, serialNumber } = device;
  const serial = typeof serialNumber === 'string' ? `(serial ${serialNumber})` : undefined;
  return [formatVidPid(device), manufacturerName, productName, serial]
    .filter((part) => typeof part === 'string')
    .join(' ');
}

/** Reads from the first mass-storage device that is offered, once. */
class ReadJob {
  readonly #sectors: number;
  readonly #file: string;
  readonly #terminal: Terminal;
  #outcome: 'waiting' | 'reading' | 'done' | Failure = 'waiting';
  #reading: Promise<void> = Promise.resolve();

  constructor(sectors: number, file: string, terminal: Terminal) {
    this.#sectors = sectors;
    this.#file = file;
    this.#terminal = terminal;
  }

  /** Resolves when the job is over; undefined when this device is not the one. */
  offer(device: RemoteDevice): Promise<void> | undefined {
    if (this.#outcome !== 'waiting' || !isMassStorage(device)) return undefined;
    this.#outcome = 'reading';
    this.#reading = readSectors(device, this.#sectors, this.#file, this.#terminal).then(
      (line) => {
        this.#outcome = 'done';
        this.#terminal.say(line);
      },
      (error: unknown) => {
        this.#outcome = new Failure(oneLine(error));
      },
    );
    return this.#reading;
  }

  /** Call it when the devices are closed, so that a read that has begun ends. @throws Failure unless the sectors were read */
  async finish(stopped: boolean): Promise<void> {
    await this.#reading;
    if (this.#outcome instanceof Failure)
      throw stopped ? new Failure(`stopped: ${this.#outcome.message}`) : this.#outcome;
    if (this.#outcome === 'done') return;
    const why = stopped ? 'stopped' : 'the connection ended';
    throw new Failure(`${why} before ${this.#sectors} sectors were read from a mass-storage device`);
  }
}
