import { expect } from 'chai';
import { asciiBytes, utf16Bytes } from '../../../codecs/core/text.ts';
import { RedirectionFlag, ServerRedirection, ServerRedirectionPdu } from '../../../codecs/rdp/serverRedirection.ts';
import { SecurityProtocol } from '../../../codecs/rdp/x224.ts';
import { TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { channelPacket, IO_CHANNEL_ID } from '../../../src/rdp/rdpPacket.ts';
import { dialRdp, type DialRdpOptions } from '../../../transports/rdp/dialRdp.ts';
import { redirectedRoute, type RdpRoute } from '../../../transports/rdp/rdpRoute.ts';
import type { RdpUrl } from '../../../transports/rdp/rdpUrl.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { failureOf } from '../listening.ts';
import { ALI, type NlaPeer, NlaServer } from './nlaServer.ts';

const { PROTOCOL_SSL, PROTOCOL_HYBRID } = SecurityProtocol;
const TOKEN = 'Cookie: msts=3640205228.15629.0000';
const BROKER = '127.0.0.1';
const DESK = '127.0.0.2';
/** Nobody listens there. */
const NOBODY = '127.0.0.3';

/** Without a part: nothing of it is in the packet. */
const packet = (redirection: Partial<ServerRedirection>): ServerRedirection => ({
  sessionId: 5,
  redirFlags: 0,
  ...redirection,
});
/** With enhanced security, behind a share control header. */
const sendOn = (peer: NlaPeer, redirection: Partial<ServerRedirection>) => {
  const pdu = ServerRedirectionPdu.encode({ pduSource: IO_CHANNEL_ID, redirection: packet(redirection) });
  peer.send(...channelPacket(IO_CHANNEL_ID, pdu));
};

describe('dialRdp, sent on by a server ([MS-RDPBCGR] 2.2.13, 3.2.5.3.1)', () => {
  const servers: NlaServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  type Script = (peer: NlaPeer) => Promise<void>;

  /** A server whose connections have these scripts, the last of them all further ones. */
  async function listen(scripts: readonly Script[], place?: RdpUrl): Promise<NlaServer> {
    let count = 0;
    const server = await NlaServer.open((peer) => {
      const script = scripts[Math.min(count, scripts.length - 1)];
      count += 1;
      return script?.(peer) ?? Promise.resolve();
    }, place);
    servers.push(server);
    return server;
  }

  const told: [from: string, route: RdpRoute][] = [];
  beforeEach(() => told.splice(0));
  const dial = ({ port }: NlaServer, options: Partial<DialRdpOptions> = {}) =>
    dialRdp(
      { host: BROKER, port },
      {
        ...{ credentials: ALI, insecure: true, clock: new VirtualClock() },
        onRedirected: (from, route) => told.push([from.host, route]),
        ...options,
      },
    );

  /** Sends on whoever wants to log on. */
  const sendsOn =
    (redirection: (port: number) => Partial<ServerRedirection>, port = () => 0): Script =>
    async (peer) => {
      await peer.negotiate(PROTOCOL_SSL);
      await peer.untilCredentials();
      peer.send(...channelPacket(IO_CHANNEL_ID, ServerRedirection.encode(packet(redirection(port())))));
    };

  it('a load balancer: comes back to it with the routing token, and logs on as whom the packet says', async () => {
    let asked: unknown;
    const server = await listen([
      sendsOn(() => ({
        ...{ loadBalanceInfo: asciiBytes(`${TOKEN}\r\n`), userName: 'bob', domain: 'FARM' },
        passwordBytes: utf16Bytes('one time\0'),
      })),
      async (peer) => {
        await peer.negotiate(PROTOCOL_SSL);
        asked = { token: peer.routingToken, ...(await peer.untilCredentials()) };
        await peer.admit();
      },
    ]);
    const transport = await dial(server, { cookie: { logonId: 1, arcRandomBits: new Uint8Array(16) } });
    const credentials = { userName: 'bob', domain: 'FARM', password: 'one time' };
    expect(asked).to.deep.equal({ token: TOKEN, type: 'credentials', credentials, cookie: undefined });
    expect(transport.remote).to.equal(`rdp://${BROKER}:${server.port}`);
    expect(told).to.have.length(1);
    expect(told[0]?.[1]).to.include({ routingToken: TOKEN, redirectedSessionId: 5 });
    await transport.close();
  });

  it('a broker: goes to the first address where somebody is, judges the certificate there, and proves the same password', async () => {
    let arrived: unknown;
    const broker = await listen([
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        await peer.authenticate();
        await peer.untilCredentials();
        sendOn(peer, {
          targetNetAddress: NOBODY,
          targetNetAddresses: [NOBODY, DESK],
          passwordBytes: utf16Bytes('x\0'),
        });
      },
    ]);
    const desk = await listen(
      [
        async (peer) => {
          await peer.negotiate(PROTOCOL_HYBRID);
          arrived = (await peer.proof()).isRight;
          peer.send(await peer.keyProof());
          await peer.credentials();
          await peer.untilCredentials();
          await peer.admit();
        },
      ],
      { host: DESK, port: broker.port },
    );
    const judged: string[] = [];
    const transport = await dial(broker, {
      insecure: false,
      judge: ({ target }) => {
        judged.push(target.host);
        return Promise.resolve();
      },
    });
    await desk.done;
    expect(arrived).to.equal(true);
    expect(judged).to.deep.equal([BROKER, DESK]);
    expect(transport.remote).to.equal(`rdp://${DESK}:${broker.port}`);
    expect(told[0]?.[1].targets.map(({ host }) => host)).to.deep.equal([NOBODY, DESK]);
    await transport.close();
  });

  it('a target whose certificate is not trusted gets nothing', async () => {
    const broker = await listen([sendsOn(() => ({ targetFqdn: DESK }))]);
    let bytes: number | undefined;
    const desk = await listen(
      [
        async (peer) => {
          // The client may leave before this end has its last word of the handshake.
          await peer.negotiate(PROTOCOL_SSL).catch(() => undefined);
          bytes = await peer.rest();
        },
      ],
      { host: DESK, port: broker.port },
    );
    const judge: DialRdpOptions['judge'] = ({ target }) =>
      target.host === BROKER
        ? Promise.resolve()
        : Promise.reject(new TransportError('CERTIFICATE_CHANGED', `${target.host} presented another one`));
    const error = await failureOf(dial(broker, { insecure: false, judge }));
    await desk.done;
    expect(error).to.include({ code: 'CERTIFICATE_CHANGED', message: `${DESK} presented another one` });
    expect(bytes).to.equal(0);
  });

  it('follows 4 times one after the other, and no more', async () => {
    let count = 0;
    const server = await listen([
      (peer) => {
        count += 1;
        return sendsOn(() => ({ targetNetAddress: BROKER }))(peer);
      },
    ]);
    const error = await failureOf(dial(server));
    expect(error).to.have.property('code', 'TOO_MANY_REDIRECTIONS');
    expect(error.message).to.include('sends this client on, as 4 servers before it did');
    expect(count).to.equal(5);
  });

  it('says which was the last address when nobody is at any', async () => {
    const server = await listen([sendsOn(() => ({ targetNetAddresses: [NOBODY, '127.0.0.4'] }))]);
    const error = await failureOf(dial(server));
    expect(error).to.have.property('code', 'CONNECTION_REFUSED');
    expect(error.message).to.include(`rdp://127.0.0.4:${server.port}`);
  });

  it('in mid-session the connection ends with REDIRECTED, and the route can be dialled', async () => {
    let leaves = () => {};
    const server = await listen([
      async (peer) => {
        await peer.negotiate(PROTOCOL_SSL);
        await peer.untilCredentials();
        await peer.admit();
        leaves = () => sendOn(peer, { loadBalanceInfo: asciiBytes(TOKEN) });
      },
      async (peer) => {
        await peer.negotiate(PROTOCOL_SSL);
        await peer.untilCredentials();
        if (peer.routingToken === TOKEN) await peer.admit();
      },
    ]);
    const end = new TransportEnd(await dial(server));
    await server.done;
    leaves();
    const error = await end.untilClosed();
    expect(error).to.have.property('code', 'REDIRECTED');
    expect(error?.message).to.equal(
      `rdp://${BROKER}:${server.port} sends this client on to the machine behind rdp://${BROKER}:${server.port} that its routing token names`,
    );
    const route = told[0]?.[1];
    const transport = await dial(server, route && { route });
    await transport.close();
  });
});

describe('redirectedRoute', () => {
  const from = { host: 'broker', port: 3390 };
  const route = (redirection: Partial<ServerRedirection>) =>
    redirectedRoute({ targets: [from], credentials: ALI }, from, packet(redirection));

  it('has the name first, then the addresses, each once and 8 at most, at the same port', () => {
    const targetNetAddresses = Array.from({ length: 12 }, (_, index) => `192.0.2.${index}`);
    const { targets, credentials } = route({
      ...{ targetNetAddress: '192.0.2.1', targetNetAddresses, targetFqdn: 'desk.example', targetNetBiosName: 'DESK' },
    });
    expect(targets.map(({ host }) => host)).to.deep.equal([
      ...['desk.example', '192.0.2.1', '192.0.2.0'],
      ...[2, 3, 4, 5, 6].map((index) => `192.0.2.${index}`),
    ]);
    expect(new Set(targets.map(({ port }) => port))).to.deep.equal(new Set([3390]));
    expect(credentials).to.deep.equal(ALI);
  });

  it('takes no password that is for the target alone', () => {
    const passwordBytes = utf16Bytes('x\0');
    const { LB_PASSWORD_IS_PK_ENCRYPTED: redirFlags } = RedirectionFlag;
    expect(route({ targetFqdn: 'desk', passwordBytes })).to.have.property('sessionPassword', 'x');
    expect(route({ targetFqdn: 'desk', passwordBytes, redirFlags })).to.not.have.property('sessionPassword');
  });

  for (const [what, redirection] of [
    ['no address', {}],
    ['an address with a space and a line', { targetNetAddress: 'desk\nurbdrc: all is well' }],
    ['an empty name', { targetFqdn: '' }],
    ['a name of 254 characters', { targetFqdn: 'a'.repeat(254) }],
    ['an empty routing token', { loadBalanceInfo: asciiBytes('\r\n') }],
    ['a routing token of 231 characters', { loadBalanceInfo: asciiBytes(`${'a'.repeat(231)}\r\n`) }],
    ['a routing token of two lines', { loadBalanceInfo: asciiBytes('a\r\nb\r\n') }],
    ['a routing token that is no text', { loadBalanceInfo: Uint8Array.of(3, 0) }],
  ] as const) {
    it(`refuses ${what}, in one line`, () => {
      expect(() => route(redirection))
        .to.throw(TransportError, /^rdp:\/\/broker:3390 sends this client on, with [^\n]*$/)
        .with.property('code', 'PROTOCOL_VIOLATED');
    });
  }

  it('has room for the longest routing token in a connection request', () => {
    const loadBalanceInfo = asciiBytes(`${'a'.repeat(230)}\r\n`);
    expect(route({ loadBalanceInfo }).routingToken).to.have.length(230);
  });
});
