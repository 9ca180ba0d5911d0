import { ProtocolError, type SpecRef, UsageError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import { DisconnectReason, DomainMcsPdu, MCS_BASE_USER_ID, sendDataChannel } from '../../codecs/rdp/mcsDomain.ts';
import { dataPduType } from '../../codecs/rdp/shareControl.ts';
import { ErrorInfo, PduType2 } from '../../codecs/rdp/shareData.ts';
import {
  NegotiationResponseFlag,
  SecurityProtocol,
  X224ConnectionConfirm,
  X224ConnectionRequest,
  X224Data,
} from '../../codecs/rdp/x224.ts';
import { nextState } from '../channels/machine.ts';
import { isPeerError, RdpRefusalError } from '../rdp/client/rdpRefusalError.ts';
import { validClientPacket } from '../rdp/licensing.ts';
import { negotiate, selectedProtocolIn, type ServerSecurity } from '../rdp/negotiation.ts';
import type { RdpPacket } from '../rdp/rdpDeframer.ts';
import { decodeWith, mcsPacket, sendDataPacket, SERVER_USER_ID, tpktPacket } from '../rdp/rdpPacket.ts';
import { AdmissionError, clientLogon, errorInfoPacket, type RdpCredentials } from '../rdp/rdpServerConnection.ts';
import { MergedChannels } from './mergedChannels.ts';
import { type ProxyChannels, ProxyConference } from './proxyConference.ts';
import { PROXY_TRANSITIONS, type ProxyInput, type ProxyState } from './transitions.ts';

/** A packet with its header, so that it can go on as it came. */
export interface FramedPacket extends RdpPacket {
  readonly header: Uint8Array;
}

/** Event or demand for the owner of a connection through the proxy. */
export type ProxyEvent =
  /** Connect to the server, and send it what is for it. */
  | { readonly type: 'serverWanted' }
  /** Do TLS with the server, and CredSSP if `withCredSsp`; then call `serverSecured`. */
  | { readonly type: 'serverSecurityRequired'; readonly withCredSsp: boolean }
  /** Send what is for the client, do TLS with it on the same socket, then call `clientSecured`. */
  | { readonly type: 'clientTlsRequired' }
  /** Call `admit`. */
  | { readonly type: 'credentials'; readonly credentials: RdpCredentials }
  /** The desktop is there; comes once. `hasChannels`: the client has dynamic channels. */
  | { readonly type: 'established'; readonly hasChannels: boolean }
  /** A chunk of `drdynvc` for the proxy's own end. */
  | { readonly type: 'chunk'; readonly chunk: Uint8Array }
  /** Send what is for both, then close. */
  | { readonly type: 'finished'; readonly error: Error };

/** What is to be sent to both ends, in order, and what happened. */
export interface ProxyStep {
  readonly toClient: readonly Parts[];
  readonly toServer: readonly Parts[];
  readonly events: readonly ProxyEvent[];
}

const SEQUENCE: SpecRef = { document: 'MS-RDPBCGR', section: '1.3.1.1' };
/** What the server can do beside the security, which is each half's own. */
const PASSED_FLAGS =
  NegotiationResponseFlag.EXTENDED_CLIENT_DATA_SUPPORTED | NegotiationResponseFlag.DYNVC_GFX_PROTOCOL_SUPPORTED;

/**
 * An RDP connection that passes through, [MS-RDPBCGR], without sockets: packets of both ends in, packets for both out. Client and
 * server keep the user and channel ids that the server gives, so nearly every packet goes on as it came. The proxy reads the
 * beginning (to find the channels and the user's name), and the channel `drdynvc`, on which it has an end of its own.
 *
 * Packets have to wait while a demand is not answered, and those of the client while {@link clientWaits}.
 */
export class RdpProxyConnection {
  readonly #security: ServerSecurity;
  readonly #offeredProtocols: number;
  readonly #merged = new MergedChannels();
  #state: ProxyState = 'awaitingConnectionRequest';
  #request: Uint8Array = new Uint8Array(0);
  #requestedProtocols = 0;
  #selectedProtocol = 0;
  #confirmFlags = 0;
  #conference: ProxyConference | undefined;
  #channels: ProxyChannels | undefined;
  /** Until the server tells, the least there is: a client that does not wait is answered, and nothing throws. */
  #clientUserId = MCS_BASE_USER_ID;
  /** The packet with the client's user and password, until it is admitted. */
  #logon: Parts = [];

  /** `withCredSsp`: the server is offered network level authentication, beside TLS. `security` is for the client. */
  constructor(withCredSsp: boolean, security: ServerSecurity = 'tls') {
    this.#security = security;
    const { PROTOCOL_SSL, PROTOCOL_HYBRID } = SecurityProtocol;
    this.#offeredProtocols = withCredSsp ? PROTOCOL_SSL | PROTOCOL_HYBRID : PROTOCOL_SSL;
  }

  get state(): ProxyState {
    return this.#state;
  }

  /** The client's name for its machine; empty before it told. */
  get clientName(): string {
    return this.#conference?.clientName ?? '';
  }

  /** Whether the client's packets have to wait: for the server's answer, or for `admit`. */
  get clientWaits(): boolean {
    return this.#state === 'awaitingConnectResponse' || this.#state === 'awaitingAdmission';
  }

  /** Whether chunks of the own end wait until the server has ended a message. */
  get isHolding(): boolean {
    return this.#merged.isHolding;
  }

  /** Takes a packet of the client. One that is wrong ends the connection, with an event. */
  fromClient(packet: FramedPacket): ProxyStep {
    return this.#guarded((step) => {
      switch (this.#state) {
        case 'awaitingConnectionRequest':
          this.#connectionRequest(packet, step);
          return;
        case 'awaitingConnectInitial':
          this.#connectInitial(packet, step);
          return;
        case 'joining':
          this.#joining(packet, step);
          return;
        case 'activating':
        case 'established':
          this.#clientData(packet, step);
          return;
        case 'awaitingConnectionConfirm':
        case 'securingServer':
        case 'securingClient':
        case 'awaitingConnectResponse':
        case 'awaitingAdmission':
          throw this.#unexpected('a packet of the client', 'it has to wait for an answer');
        case 'finished':
          return;
      }
    });
  }

  /** Takes a packet of the server. One that is wrong ends the connection, with an event. */
  fromServer(packet: FramedPacket): ProxyStep {
    return this.#guarded((step) => {
      switch (this.#state) {
        case 'awaitingConnectionConfirm':
          this.#connectionConfirm(packet, step);
          return;
        case 'awaitingConnectResponse':
          this.#connectResponse(packet, step);
          return;
        case 'joining':
        case 'awaitingAdmission':
          this.#attachConfirm(packet);
          step.toClient.push(wholeOf(packet));
          return;
        case 'activating':
        case 'established':
          this.#serverData(packet, step);
          return;
        case 'awaitingConnectionRequest':
        case 'securingServer':
        case 'securingClient':
        case 'awaitingConnectInitial':
          throw this.#unexpected('a packet of the server', 'nothing was asked of it');
        case 'finished':
          return;
      }
    });
  }

  /** TLS, and CredSSP if it was asked for, are complete. @throws UsageError unless it was asked for */
  serverSecured(): ProxyStep {
    this.#command('server secured', 'serverSecured() is for after serverSecurityRequired');
    const step = new ProxyStepBuilder();
    step.toClient.push(negotiate(this.#request, this.#security, this.#confirmFlags).confirm);
    step.events.push({ type: 'clientTlsRequired' });
    return step;
  }

  /** TLS with the client is complete. @throws UsageError unless it was asked for */
  clientSecured(): void {
    this.#command('client secured', 'clientSecured() is for after clientTlsRequired');
  }

  /**
   * Answers `credentials`. Of a client that is not admitted the server hears nothing more.
   * @throws UsageError at any other time
   */
  admit(isAdmitted: boolean, why = 'wrong user name or password'): ProxyStep {
    this.#command(isAdmitted ? 'admitted' : 'refused', 'admit() is for after credentials');
    const step = new ProxyStepBuilder();
    if (isAdmitted) step.toServer.push(this.#logon);
    else {
      const { ioChannelId } = this.#channels ?? {};
      step.toClient.push(validClientPacket(ioChannelId));
      step.toClient.push(errorInfoPacket(ErrorInfo.ERRINFO_SERVER_DENIED_CONNECTION, ioChannelId));
      this.#finish(step, new AdmissionError(why));
    }
    this.#logon = [];
    return step;
  }

  /** Chunks of the own end. Once the connection is established. */
  fromProxy(chunks: readonly Parts[]): ProxyStep {
    return this.#guarded((step) => {
      const { toClient, toProxy } = this.#merged.proxy(chunks);
      this.#chunksToClient(toClient, step);
      for (const chunk of toProxy) step.events.push({ type: 'chunk', chunk });
    });
  }

  /** The own end is gone: its channels are closed, the desktop goes on. */
  detach(): ProxyStep {
    return this.#guarded((step) => this.#chunksToClient(this.#merged.detach(), step));
  }

  /** Tells both ends that the connection ends. */
  end(): ProxyStep {
    const step = new ProxyStepBuilder();
    if (this.#channels !== undefined && this.#state !== 'finished') farewell(step);
    this.#state = 'finished';
    return step;
  }

  #connectionRequest(packet: FramedPacket, step: ProxyStepBuilder): void {
    const { cookie } = decodeWith(X224ConnectionRequest, packet.payload);
    const { problem, requestedProtocols, confirm } = negotiate(packet.payload, this.#security);
    if (problem !== undefined) {
      step.toClient.push(confirm);
      const error = new ProtocolError('X224_CONNECTION_REQUEST', this.#state, problem, SEQUENCE);
      this.#advance('X224_CONNECTION_REQUEST without TLS');
      step.events.push({ type: 'finished', error });
      return;
    }
    this.#advance('X224_CONNECTION_REQUEST');
    this.#request = new Uint8Array(packet.payload);
    this.#requestedProtocols = requestedProtocols;
    const request = X224ConnectionRequest.encode({
      sourceReference: 0,
      ...(cookie !== undefined && { cookie }),
      negotiation: { flags: 0, requestedProtocols: this.#offeredProtocols },
    });
    step.toServer.push(tpktPacket(request));
    step.events.push({ type: 'serverWanted' });
  }

  #connectionConfirm(packet: FramedPacket, step: ProxyStepBuilder): void {
    const { negotiation } = decodeWith(X224ConnectionConfirm, packet.payload);
    this.#selectedProtocol = selectedProtocolIn(negotiation, this.#offeredProtocols, this.#state);
    this.#advance('X224_CONNECTION_CONFIRM');
    if (negotiation?.type === 'response') this.#confirmFlags = negotiation.flags & PASSED_FLAGS;
    const withCredSsp = this.#selectedProtocol === SecurityProtocol.PROTOCOL_HYBRID;
    step.events.push({ type: 'serverSecurityRequired', withCredSsp });
  }

  #connectInitial(packet: FramedPacket, step: ProxyStepBuilder): void {
    this.#conference = new ProxyConference(decodeWith(X224Data, packet.payload).data, this.#selectedProtocol);
    this.#advance('CONNECT_INITIAL');
    step.toServer.push(this.#conference.connectInitial);
  }

  #connectResponse(packet: FramedPacket, step: ProxyStepBuilder): void {
    const { data } = decodeWith(X224Data, packet.payload);
    const answer = this.#conference?.answered(data, this.#requestedProtocols);
    this.#advance('CONNECT_RESPONSE');
    if (answer === undefined) throw new RdpRefusalError('SESSION_ENDED', 'the server refuses the conference');
    this.#channels = answer.channels;
    step.toClient.push(answer.packet);
  }

  /** Until the user's name nothing but the domain PDUs: the server gets no data of somebody who is not admitted. */
  #joining(packet: FramedPacket, step: ProxyStepBuilder): void {
    const pdu = decodeWith(DomainMcsPdu, decodeWith(X224Data, packet.payload).data);
    switch (pdu.name) {
      case 'SEND_DATA_REQUEST': {
        if (pdu.channelId !== this.#channels?.ioChannelId) throw this.#unexpected(pdu.name, 'the user comes first');
        const { credentials } = clientLogon(pdu.userData, this.#state);
        this.#advance('TS_INFO_PACKET');
        this.#logon = wholeOf(packet);
        step.events.push({ type: 'credentials', credentials });
        return;
      }
      case 'CHANNEL_JOIN_REQUEST':
        if (this.#channels?.isDrdynvcOwn === true && pdu.channelId === this.#channels.drdynvcId) {
          const { channelId } = pdu;
          const joined = { initiator: this.#clientUserId, requested: channelId, channelId };
          step.toClient.push(mcsPacket({ name: 'CHANNEL_JOIN_CONFIRM', result: 0, ...joined }));
          return;
        }
        break;
      default:
    }
    step.toServer.push(wholeOf(packet));
  }

  #attachConfirm({ type, payload }: FramedPacket): void {
    if (type === 'fastPath' || this.#clientUserId !== MCS_BASE_USER_ID) return;
    const pdu = decodeWith(DomainMcsPdu, decodeWith(X224Data, payload).data);
    if (pdu.name === 'ATTACH_USER_CONFIRM') this.#clientUserId = pdu.initiator ?? MCS_BASE_USER_ID;
  }

  #clientData(packet: FramedPacket, step: ProxyStepBuilder): void {
    const channelId = packet.type === 'fastPath' ? undefined : sendDataChannel(packet.payload);
    if (channelId === undefined || channelId !== this.#channels?.drdynvcId) {
      step.toServer.push(wholeOf(packet));
      return;
    }
    const { passes, toServer, toProxy } = this.#merged.client(sentDataIn(packet));
    // A server that has no such channel hears nothing of it.
    const hasChannel = !this.#channels.isDrdynvcOwn;
    if (passes && hasChannel) step.toServer.push(wholeOf(packet));
    const head = { name: 'SEND_DATA_REQUEST', initiator: this.#clientUserId, channelId } as const;
    if (hasChannel) for (const chunk of toServer) step.toServer.push(sendDataPacket(head, chunk));
    for (const chunk of toProxy) step.events.push({ type: 'chunk', chunk });
  }

  #serverData(packet: FramedPacket, step: ProxyStepBuilder): void {
    const channelId = packet.type === 'fastPath' ? undefined : sendDataChannel(packet.payload);
    const { ioChannelId, drdynvcId } = this.#channels ?? {};
    if (channelId === undefined || channelId !== drdynvcId) {
      step.toClient.push(wholeOf(packet));
      if (this.#state === 'activating' && channelId === ioChannelId && isFontMap(packet)) {
        this.#advance('TS_FONT_MAP_PDU');
        step.events.push({ type: 'established', hasChannels: drdynvcId !== undefined });
      }
      return;
    }
    const { passes, toClient, toServer, toProxy } = this.#merged.server(sentDataIn(packet));
    if (passes) step.toClient.push(wholeOf(packet));
    this.#chunksToClient(toClient, step);
    const head = { name: 'SEND_DATA_REQUEST', initiator: this.#clientUserId, channelId } as const;
    for (const chunk of toServer) step.toServer.push(sendDataPacket(head, chunk));
    for (const chunk of toProxy) step.events.push({ type: 'chunk', chunk });
  }

  #chunksToClient(chunks: readonly Parts[], step: ProxyStepBuilder): void {
    const channelId = this.#channels?.drdynvcId;
    if (channelId === undefined) return;
    const head = { name: 'SEND_DATA_INDICATION', initiator: SERVER_USER_ID, channelId } as const;
    for (const chunk of chunks) step.toClient.push(sendDataPacket(head, chunk));
  }

  #guarded(take: (step: ProxyStepBuilder) => void): ProxyStep {
    const step = new ProxyStepBuilder();
    if (this.#state === 'finished') return step;
    try {
      take(step);
    } catch (error) {
      if (!isPeerError(error)) throw error;
      this.#finish(step, error);
    }
    return step;
  }

  #finish(step: ProxyStepBuilder, error: Error): void {
    if (this.#channels !== undefined) farewell(step);
    this.#state = 'finished';
    step.events.push({ type: 'finished', error });
  }

  /** @throws ProtocolError when the table does not allow it */
  #advance(input: ProxyInput): void {
    const next = nextState(PROXY_TRANSITIONS, this.#state, input);
    if (next === undefined) throw this.#unexpected(input, 'not allowed now');
    this.#state = next;
  }

  #command(input: ProxyInput, problem: string): void {
    const next = nextState(PROXY_TRANSITIONS, this.#state, input);
    if (next === undefined) throw new UsageError(problem, { code: 'INVALID_STATE' });
    this.#state = next;
  }

  #unexpected(message: string, problem: string): ProtocolError {
    return new ProtocolError(message, this.#state, problem, SEQUENCE);
  }
}

class ProxyStepBuilder implements ProxyStep {
  readonly toClient: Parts[] = [];
  readonly toServer: Parts[] = [];
  readonly events: ProxyEvent[] = [];
}

function wholeOf({ header, payload }: FramedPacket): Parts {
  return [header, payload];
}

/** @throws DecodeError */
function sentDataIn({ payload }: FramedPacket): Uint8Array {
  const pdu = decodeWith(DomainMcsPdu, decodeWith(X224Data, payload).data);
  return 'userData' in pdu ? pdu.userData : new Uint8Array(0);
}

/** The end of the server's half of an activation, [MS-RDPBCGR] 2.2.1.22. */
function isFontMap(packet: FramedPacket): boolean {
  return dataPduType(sentDataIn(packet)) === PduType2.PDUTYPE2_FONTMAP;
}

function farewell(step: ProxyStepBuilder): void {
  const ultimatum = mcsPacket({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: DisconnectReason.providerInitiated });
  step.toClient.push(ultimatum);
  step.toServer.push(ultimatum);
}
