import { Command, Option } from 'commander';
import type { Capture } from '../capture/openCapture.ts';
import { NAMED_DEVICES } from '../devices/virtual/namedDevices.ts';
import { inspectLocalUse } from '../devices/libusb/localUse.ts';
import { seatOfPerson } from '../devices/libusb/seats.ts';
import { RedirectionClient } from '../engine/client.ts';
import { URBDRC_CHANNEL_NAME } from '../engine/options.ts';
import { DeviceTraffic } from '../metrics/deviceTraffic.ts';
import { systemClock } from '../systemClock.ts';
import { Hub } from '../hub/hub.ts';
import type { HubEvent } from '../hub/hubDevice.ts';
import type { SessionWish } from '../hub/sessionShare.ts';
import { type Policy, rulePolicy } from '../policy/decide.ts';
import { FOREIGN_RULES } from '../policy/safeDefaults.ts';
import { describeIdentity } from '../policy/selection.ts';
import type { Transport } from '../ports/transport.ts';
import type { UsbDevice, UsbDeviceSource } from '../ports/usb.ts';
import { isRdpUrl } from '../../transports/rdp/rdpUrl.ts';
import { WishingTransport } from '../../transports/sharing.ts';
import { attachPlace } from './attachPlace.ts';
import { attachOption, type AttachOptions, FOREIGN_RULES_LINE } from './attachOption.ts';
import { captureOption, type CaptureOptions, endCapture, startCapture } from './captureOption.ts';
import { configOption } from './configFile.ts';
import { controlOption, type ControlOptions, openControl, type ProgramControl } from './controlOption.ts';
import {
  addEndpointOptions,
  ENDPOINT_HELP,
  type EndpointOptions,
  addReconnectOption,
  watchCuts,
  withConnections,
} from './endpoint.ts';
import { Failure, oneLine } from './failure.ts';
import { faultsOption, seedOption } from './faultOptions.ts';
import { fromOption, type FromOptions, isFromOthers, openFrom } from './fromOption.ts';
import { addRuleOptions, addSelectionOptions, type PolicyOptions, readRules, RULES_HELP } from './policyOptions.ts';
import { addOutputOptions, eventDevice, type OutputOptions } from './programEvent.ts';
import { focusOptions, type FocusOptions, homeWhenCut, openFocus, type ProgramFocus } from './focus.ts';
import { evenLastOption, keepLastKeyboard, type LastKeyboardOptions } from './lastKeyboard.ts';
import { Offers } from './offers.ts';
import { metricsOption, type MetricsOptions, openProgramMetrics, type ProgramMetrics } from './metricsOption.ts';
import { quotedNames, Questions } from './questions.ts';
import { addRdpConnectOptions, placeToConnect, RDP_CONNECT_HELP } from './rdpConnect.ts';
import { RedirectionReport } from './redirectionReport.ts';
import {
  backendOption,
  chosenParts,
  type DeviceOptions,
  interfacesOption,
  openSelection,
  type SelectedDevices,
} from './selectedDevices.ts';
import { exclusiveOption, handOverQuestion, lostLine, sharedOption, tellNotice, tellSharing } from './shareOption.ts';
import { type StreamBufferOptions, streamBufferOption, withStreams } from './streamOptions.ts';
import { aborted, stopSignal } from './stopSignal.ts';
import { RepeatableOption } from './repeatableOption.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { formatVidPid } from './text.ts';
import { helloOf } from './serverHello.ts';
import { Terminal } from './terminal.ts';

/** Servers that may be connected at the same time with --shared. */
const MOST_SERVERS = 16;

type RedirectOptions = EndpointOptions & {
  readonly exclusive?: boolean;
  readonly shared?: boolean;
} & StreamBufferOptions &
  DeviceOptions &
  FromOptions &
  AttachOptions &
  PolicyOptions &
  CaptureOptions &
  MetricsOptions &
  ControlOptions &
  LastKeyboardOptions &
  FocusOptions &
  OutputOptions;

/** The ways to choose devices beside --virtual. */
const OTHER_SELECTIONS = [
  'device',
  'port',
  'serial',
  'from',
  'rules',
  'allow',
  'deny',
  'ask',
  'auto',
  'usb',
  'filter',
  'rdp',
  'seat',
];

export function redirectCommand(context: ProgramContext = PROCESS): Command {
  const command = new Command('redirect')
    .description('give USB devices of this machine (or virtual ones) to a server')
    .addOption(new RepeatableOption('--device <vid:pid>', 'all devices with these ids, in hex'))
    .addOption(new RepeatableOption('--port <path>', 'the device in this socket, as urbdrc list shows it, e.g. 1-2.3'))
    .addOption(new RepeatableOption('--serial <text>', 'the device with this serial number'))
    .addOption(
      new RepeatableOption(
        '--virtual <what>',
        `a device made of software: ${NAMED_DEVICES.map(({ name }) => name).join(', ')}`,
      ).conflicts(['device', 'port', 'serial', 'wait']),
    )
    .option('--read-only', 'with --virtual stick:IMAGE: the server may not write to it')
    .addOption(faultsOption().conflicts(OTHER_SELECTIONS))
    .addOption(seedOption())
    .addOption(
      new Option(
        '--follow',
        'with --device or --serial: also what such a device turns into within 10 s in its socket (boot loaders, modems)',
      ).conflicts(['virtual', 'port']),
    )
    .addOption(interfacesOption())
    .addOption(backendOption().conflicts('virtual'))
    .addOption(streamBufferOption().conflicts('virtual'))
    .addOption(attachOption().conflicts(['connect', 'listen', 'reconnect']))
    .addOption(fromOption().conflicts(['device', 'port', 'serial', 'virtual', 'follow']))
    .option('--wait', 'do not fail when no such device is plugged in: wait for it')
    .addOption(evenLastOption())
    .addOption(configOption())
    .addOption(controlOption())
    .addOption(metricsOption())
    .addOption(exclusiveOption())
    .addOption(sharedOption().conflicts(['connect', 'attach']))
    .addOption(captureOption());
  for (const option of focusOptions()) command.addOption(option);
  addOutputOptions(command);
  const named = ['device', 'port', 'serial', 'virtual'];
  addSelectionOptions(addRuleOptions(command, named), named);
  return addReconnectOption(addRdpConnectOptions(addEndpointOptions(command)))
    .addHelpText(
      'after',
      `${RULES_HELP}
${ENDPOINT_HELP}
${RDP_CONNECT_HELP}

--device, --port, --serial and --virtual can be given several times. A device that is unplugged and plugged in again
is redirected again. Ctrl-C gives everything back and ends.

Examples:
  urbdrc redirect --device 46f4:0001 --connect tcp://127.0.0.1:3000
  urbdrc redirect --serial LAB0001 --connect tls://server:3000 --fingerprint 9F:86:… --token-file secret
  urbdrc redirect --device 0403:6001 --connect rdp://ali@desk --password-file secret
  urbdrc redirect --virtual stick:disk.img --virtual keyboard --connect unix:/run/urbdrc.sock
  urbdrc redirect --virtual fx2 --faults faults.json --verbose --connect tcp://127.0.0.1:3000
  urbdrc redirect --auto --deny "class 08" --connect tcp://127.0.0.1:3000
  urbdrc redirect --from usbip://server/1-1 --connect tcp://127.0.0.1:3000
  urbdrc redirect --from usbip://server/1-1 --attach vhci
  urbdrc redirect --rules usb.rules --connect tcp://127.0.0.1:3000
  urbdrc redirect --device 046d:c31c --listen tcp://127.0.0.1:3000
  urbdrc redirect --device 46f4:0001 --attach usbredir://127.0.0.1:4000`,
    )
    .action((options: RedirectOptions) => redirect(options, context));
}

async function redirect(given: RedirectOptions, context: ProgramContext): Promise<void> {
  let meter: ProgramMetrics | undefined;
  let control: ProgramControl | undefined;
  let focus: ProgramFocus | undefined;
  const terminal = new Terminal(context, { ...given, onRefused: () => meter?.refusedPeer() });
  const connect = await placeToConnect(given, (line) => terminal.say(line));
  const options = { ...given, ...(connect !== undefined && { connect }) };
  if (options.exclusive === true && isRdpUrl(connect ?? '')) {
    throw new Failure('--exclusive: an RDP server decides by itself who stays, and is not told; leave it out', 2);
  }
  const stop = stopSignal(context);
  try {
    const metrics = (meter = await openProgramMetrics(options, terminal));
    const ownSeat = seatOfPerson(context.environment);
    const { policy: chosen, share } = await readRules(options, (line) => terminal.say(line), ownSeat);
    // The kernel gets a device of another machine only if it is harmless, or somebody says that it may have it.
    const isForeign = chosen === undefined && options.attach !== undefined && isFromOthers(options);
    const policy = isForeign ? rulePolicy(FOREIGN_RULES) : chosen;
    if (isForeign) terminal.say(FOREIGN_RULES_LINE);
    const isLocal = options.virtual === undefined && options.from === undefined;
    const { group } = (focus = openFocus(options, isLocal, terminal));
    const turns = (device: UsbDevice) => focus?.device(device) ?? device;
    // What is used by turns has a way back.
    const isKept = isLocal && options.evenLast !== true && group === undefined;
    const keep = (device: UsbDevice) => (isKept ? keepLastKeyboard(device, ownSeat) : device);
    const { sources, isWanted, change } = await select(options, policy, context, terminal);
    const questions = new Questions(context, terminal, ({ entry, reason, claim }) => {
      if (claim !== undefined) return handOverQuestion(entry.device.identity, reason);
      const { identity } = entry.device;
      return `redirect ${formatVidPid(identity)} at port ${identity.portPath}${quotedNames(identity)}? It is ${reason}`;
    });
    const place = options.attach && attachPlace(options.attach, terminal);
    let capture: Capture | undefined;
    let hub: Hub | undefined;
    try {
      const streamed = (device: UsbDevice) =>
        options.virtual === undefined ? withStreams(device, options, terminal) : device;
      const recording = (capture = startCapture(options, 'client', terminal));
      const traffic = new DeviceTraffic(systemClock);
      const devices = (hub = new Hub({
        clock: systemClock,
        share,
        person: questions,
        ...(policy !== undefined && { policy }),
        isWanted,
        localUse: inspectLocalUse,
        decorate: (device, id) =>
          traffic.counted(metrics.device(recording.device(turns(keep(streamed(change(device)))))), id),
        onEvent: (event) => {
          metrics.event(event);
          control?.changed();
          place?.tell(event);
          tell(event, terminal);
        },
      }));
      const shown = { program: 'redirect', hub: devices, traffic: () => traffic.list } as const;
      control = await openControl(options, shown, context, terminal, group);
      for (const source of sources) await devices.addSource(chosenParts(source, options));
      if (place !== undefined) {
        await place.run(devices, chosen !== undefined || options.wait === true, stop.signal);
        return;
      }
      const most = options.shared === true ? MOST_SERVERS : 1;
      let servers = 0;
      const wish = options.exclusive === true ? 'exclusive' : 'shared';
      await withConnections(options, context, terminal, stop.signal, 'urbdrc serve', async (transport) => {
        if (servers >= most) {
          const why = most === 1 ? 'another server has the devices' : `${most} servers are connected`;
          terminal.warn(`${transport.remote}: turned away, ${why}`);
          await transport.close();
          return;
        }
        servers += 1;
        const left = metrics.connected();
        try {
          // A signal of its own: on a shared one each connection would leave a listener.
          const signal = AbortSignal.any([stop.signal]);
          const { remote } = transport;
          const cuts = homeWhenCut(watchCuts(options, remote, remote, terminal, metrics), group);
          await redirectThrough(transport, devices, policy !== undefined, recording, cuts, terminal, wish, signal);
        } finally {
          left();
          servers -= 1;
        }
      });
    } finally {
      questions.close();
      await (hub?.close() ?? Promise.all(sources.map((source) => source.close())));
      if (capture !== undefined) endCapture(capture, options, terminal);
    }
  } finally {
    focus?.close();
    await control?.close();
    await meter?.close();
    stop.release();
  }
}

/** The devices that a command is about, and where they are. */
interface Selected extends Omit<SelectedDevices, 'source'> {
  readonly sources: readonly UsbDeviceSource[];
}

/** With rules: every device, about which the hub decides. */
async function select(
  options: RedirectOptions,
  policy: Policy | undefined,
  context: ProgramContext,
  terminal: Terminal,
): Promise<Selected> {
  const all = { isWanted: () => true, change: (device: UsbDevice) => device };
  if (options.from !== undefined) return { sources: await openFrom(options, terminal), ...all };
  if (policy !== undefined) return { sources: [await context.openDevices(options.backend)], ...all };
  const { source, ...selected } = await openSelection(options, context, terminal);
  return { sources: [source], ...selected };
}

/** The decisions about devices. What becomes of redirections, {@link Offers} tells. */
function tell(event: HubEvent, terminal: Terminal): void {
  if (event.type === 'decided') {
    const { action, reason } = event.decision;
    const { identity } = event.entry.device;
    terminal.say(`${describeIdentity(identity)}: ${reason}`, {
      event: 'decided',
      remote: null,
      action,
      reason,
      ...eventDevice(identity),
    });
  }
  if (event.type === 'failed') terminal.warn(oneLine(event.error));
  tellSharing(event, terminal);
  if (event.type === 'deviceTaken' && event.loser instanceof Offers)
    event.loser.notify(lostLine(event, systemClock.now()));
}

/** Redirects what the hub has, now and later, until the connection ends or the user wants to stop. */
async function redirectThrough(
  transport: Transport,
  hub: Hub,
  goesOn: boolean,
  capture: Capture,
  cuts: ReturnType<typeof watchCuts>,
  terminal: Terminal,
  wish: SessionWish,
  signal: AbortSignal,
): Promise<void> {
  const report = new RedirectionReport(terminal);
  const { ended, ...recording } = capture.connection(transport.remote);
  let greet: () => void = () => {};
  const greeted = new Promise<void>((resolve) => (greet = resolve));
  const others = new Set<string>();
  // Only ends of this program understand a wish.
  const wishing = isRdpUrl(transport.remote)
    ? transport
    : new WishingTransport(transport, wish, (text) => tellNotice(transport.remote, text, terminal));
  const client = new RedirectionClient(wishing, {
    ...recording,
    ...cuts,
    onChannel: (change) => {
      recording.onChannel?.(change);
      if (change.event === 'create' && change.name !== URBDRC_CHANNEL_NAME) others.add(change.name);
      if (change.event === 'created' && change.status >= 0) greet();
    },
    onIgnored: (error) => terminal.detail(`ignored: ${error.message}`),
  });
  const hello = await helloOf(transport.remote, greeted, others, client, signal);
  if (hello instanceof Failure) {
    await client.close();
    ended(hello);
    throw hello;
  }
  if (hello === 'came') {
    terminal.say(`connected to ${transport.remote}`, { event: 'connected', remote: transport.remote });
  }
  const offers = new Offers(client, report, terminal, (text) => wishing.notify?.(text));
  // Where none of the devices that are there can be redirected, there is nothing to wait for.
  const failed = new Promise<Error>((resolve) => {
    void hub.addSink(offers).then(() => {
      const error = offers.endOfFirst(goesOn);
      if (error !== undefined) resolve(error);
    });
  });
  const refusal = await Promise.race([client.closed.then(() => undefined), aborted(signal), failed]);
  await hub.removeSink(offers);
  await client.close();
  report.stop();
  // A connection that is over is the reason why a device cannot be redirected, not the other way round.
  const error = (await client.closed) ?? refusal;
  ended(error instanceof Error ? error : undefined);
  if (signal.aborted) terminal.say('stopped: everything is given back', { event: 'stopped' });
  else if (error !== undefined) throw error;
  else if (offers.connectionEnded) throw new Failure(`${transport.remote} is gone: everything is given back`);
  else terminal.say('the server closed the connection: everything is given back');
}
