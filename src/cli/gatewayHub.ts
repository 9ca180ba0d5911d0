import type { Duplex } from 'node:stream';
import type { RedirectionServer } from '../engine/server.ts';
import type { Target, Visitor } from '../gateway/targets/target.ts';
import { streamPair } from '../gateway/targets/streamPair.ts';
import { Hub } from '../hub/hub.ts';
import { rulePolicy } from '../policy/decide.ts';
import { describeIdentity } from '../policy/selection.ts';
import { FOREIGN_RULES } from '../policy/safeDefaults.ts';
import type { Transport } from '../ports/transport.ts';
import { systemClock } from '../systemClock.ts';
import { StreamAcceptor } from '../../transports/streamAcceptor.ts';
import { attachPlace } from './attachPlace.ts';
import { startCapture } from './captureOption.ts';
import { tellDecision } from './decisionLine.ts';
import type { EndpointOptions } from './endpoint.ts';
import { oneLine } from './failure.ts';
import type { ProgramMetrics } from './metricsOption.ts';
import type { DeviceRules } from './policyOptions.ts';
import { serveConnection } from './serveConnection.ts';
import { type ShareOptions, startSweep, tellSharing } from './shareOption.ts';
import type { Terminal } from './terminal.ts';

export interface GatewayHubOptions extends ShareOptions, Pick<EndpointOptions, 'hold' | 'holdHid'> {
  /** `vhci`, or ports of a virtual machine. */
  readonly places: readonly string[];
  /** Without rules, FOREIGN_RULES count. */
  readonly rules: DeviceRules;
  readonly counted: ProgramMetrics;
}

/** A hub of the gateway's own as a target: devices of pages go to this machine's kernel, or into a virtual machine. */
export class GatewayHub implements Target {
  readonly hub: Hub;
  readonly #options: GatewayHubOptions;
  readonly #terminal: Terminal;
  readonly #place: ReturnType<typeof attachPlace>;
  readonly #streams: StreamAcceptor;
  readonly #servers = new Set<RedirectionServer>();

  /** @throws Failure for a place that is none */
  constructor(options: GatewayHubOptions, terminal: Terminal) {
    const { places, rules, counted, hold = 0 } = options;
    this.#options = options;
    this.#terminal = terminal;
    const place = (this.#place = attachPlace(places, terminal));
    this.#streams = StreamAcceptor.holding(hold, systemClock);
    this.hub = new Hub({
      clock: systemClock,
      share: rules.share,
      policy: rules.policy ?? rulePolicy(FOREIGN_RULES),
      decorate: (device) => counted.device(device),
      onEvent: (event) => {
        counted.event(event);
        place.tell(event);
        if (event.type === 'decided') tellDecision(event, describeIdentity, terminal);
        if (event.type === 'failed') terminal.warn(oneLine(event.error));
        tellSharing(event, terminal);
      },
    });
  }

  /**
   * Has a place for devices until `signal` is aborted; then all are given back.
   * @throws Failure when the place cannot be used
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopSweep = startSweep(this.hub, this.#terminal);
    try {
      await this.#place.run(this.hub, true, signal);
    } finally {
      stopSweep();
      this.#streams.close();
      await Promise.all([...this.#servers].map((server) => server.close()));
    }
  }

  open(_signal: AbortSignal, visitor: Visitor): Promise<Duplex> {
    const [near, far] = streamPair();
    const { remote, user: name } = visitor;
    const identity = { address: remote, user: { name, provenBy: 'token' } } as const;
    void this.#streams
      .accept(far, { remote, identity })
      .then((transport) => (transport === undefined ? undefined : this.#serve(transport)))
      .catch((error: unknown) => this.#terminal.warn(`${remote}: ${oneLine(error)}`));
    return Promise.resolve(near);
  }

  #serve(transport: Transport): Promise<void> {
    const terminal = this.#terminal;
    return serveConnection(transport, {
      ...{ hub: this.hub, options: this.#options, terminal, rejoin: undefined },
      ...{ capture: startCapture({}, 'server', terminal), metrics: this.#options.counted },
      closeOnStop: (server) => {
        this.#servers.add(server);
        void server.closed.then(() => this.#servers.delete(server));
      },
    });
  }
}

/** Runs hubs while `work` goes on. @throws what `work` throws, and Failure when a place for devices cannot be used */
export async function runHubs(hubs: readonly GatewayHub[], work: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const running = hubs.map((hub) => hub.run(over.signal));
  const failed = new Promise<never>((_, reject) => {
    for (const each of running) each.catch(reject);
  });
  try {
    await Promise.race([work(), failed]);
  } finally {
    over.abort();
    await Promise.allSettled(running);
  }
}
