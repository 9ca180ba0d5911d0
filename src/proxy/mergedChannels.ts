import { ProtocolError, type SpecRef } from '../../codecs/core/errors.ts';
import { i32At, u16At, u32At } from '../../codecs/core/integers.ts';
import { byteLength, joinParts, type Parts } from '../../codecs/core/parts.ts';
import { DvcCommand } from '../../codecs/dvc/header.ts';
import { type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import {
  CHANNEL_PDU_HEADER_SIZE,
  ChannelFlag,
  ChannelPdu,
  writeChannelPduHeader,
} from '../../codecs/svc/channelPduHeader.ts';
import { nextState } from '../channels/machine.ts';
import { decodeWith } from '../rdp/rdpPacket.ts';
import { type CapabilitiesInput, type CapabilitiesState, MERGED_CAPABILITIES_TRANSITIONS } from './transitions.ts';

/** Ids of the proxy's own dynamic channels are above this, and at most {@link OWN_CHANNEL_IDS} of them. Servers begin at 1. */
export const OWN_CHANNEL_ID_BASE = 0x7000_0000;
const OWN_CHANNEL_IDS = 0xffff;
/** Channels of this name are the proxy's alone, [MS-RDPEUSB] 2.1. */
const OWN_CHANNEL_NAME = new TextEncoder().encode('URBDRC\0');
/** PDUs of the proxy that wait for the end of the client's message to the server. */
const MOST_WAITING = 64;
/** In which the proxy asks where it is first: in version 3 a client may compress, which the server may not have agreed to. */
const PROXY_VERSION = 2;
/** HRESULT E_FAIL. */
const CREATION_FAILED = 0x8000_4005 | 0;

const STATIC_SPEC: SpecRef = { document: 'MS-RDPBCGR', section: '3.1.5.2.2.1' };
const DYNAMIC_SPEC: SpecRef = { document: 'MS-RDPEDYC', section: '2.2' };

const { CHANNEL_FLAG_FIRST, CHANNEL_FLAG_LAST, CHANNEL_PACKET_COMPRESSED } = ChannelFlag;
const WHOLE_MESSAGE = CHANNEL_FLAG_FIRST | CHANNEL_FLAG_LAST;
const PAUSES = ChannelFlag.CHANNEL_FLAG_SUSPEND | ChannelFlag.CHANNEL_FLAG_RESUME;

/** What becomes of a chunk, and what goes out after it. Chunks are CHANNEL_PDU_HEADER and data. */
export interface MergeStep {
  /** The chunk goes on to the other end as it is. */
  readonly passes: boolean;
  readonly toClient: readonly Parts[];
  readonly toServer: readonly Parts[];
  /** For the proxy's own end of dynamic channels. */
  readonly toProxy: readonly Uint8Array[];
}

const NONE: never[] = [];
const PASSES: MergeStep = { passes: true, toClient: NONE, toServer: NONE, toProxy: NONE };
const DROPPED: MergeStep = { ...PASSES, passes: false };

type Route = 'server' | 'proxy' | 'nobody';

/** The beginning of a PDU of dynamic channels. */
interface Pdu {
  readonly command: number;
  /** Undefined for PDUs without one. */
  readonly channelId: number | undefined;
  /** From the first byte after ChannelId on, as far as it has come. */
  readonly rest: Uint8Array;
}

/**
 * The static channel `drdynvc` with two servers behind it: the real one, and the proxy's own end, whose dynamic channels have
 * ids that no server uses. What is between client and server passes as it is, chunk by chunk, without being put together.
 */
export class MergedChannels {
  #capabilities: CapabilitiesState = 'idle';
  /** What the client agreed to. */
  #version = 0;
  /** The versions that ends have asked for which wait for the client's answer. */
  #serverAsks: number | undefined;
  #proxyAsks = false;
  /** Where the rest of a message goes; undefined between messages. */
  #fromServer: Route | undefined;
  #fromClient: Route | undefined;
  /** Chunks that wait for the end of the message of the server, or of the client. */
  #forClient: Parts[] = [];
  #forServer: Parts[] = [];
  /** Channels that the proxy has asked for and nobody has closed. */
  readonly #own = new Set<number>();
  #isDetached = false;

  /** Whether chunks of the proxy wait until the server has ended its message. */
  get isHolding(): boolean {
    return this.#forClient.length > 0;
  }

  /** A chunk of the server. @throws DecodeError, ProtocolError */
  server(chunk: Uint8Array): MergeStep {
    const head = headOf(chunk, this.#fromServer !== undefined);
    let step = DROPPED;
    if (head.isFirst) {
      const pdu = pduOf(head.data);
      step = this.#serverPdu(pdu, head);
      this.#fromServer = step.passes ? 'server' : 'nobody';
    } else if (this.#fromServer !== 'nobody') step = PASSES;
    if (!head.isLast) return step;
    this.#fromServer = undefined;
    const held = this.#forClient;
    if (held.length === 0) return step;
    this.#forClient = [];
    return { ...step, toClient: [...step.toClient, ...held] };
  }

  /** A chunk of the client. @throws DecodeError, ProtocolError */
  client(chunk: Uint8Array): MergeStep {
    const head = headOf(chunk, this.#fromClient !== undefined);
    let step: MergeStep;
    if (head.isFirst) {
      const pdu = pduOf(head.data);
      step = this.#clientPdu(pdu, head, chunk);
      this.#fromClient = step.passes ? 'server' : 'proxy';
    } else step = this.#fromClient === 'proxy' ? this.#forProxy(chunk) : PASSES;
    if (!head.isLast) return step;
    this.#fromClient = undefined;
    const held = this.#forServer;
    if (held.length === 0) return step;
    this.#forServer = [];
    return { ...step, toServer: [...step.toServer, ...held] };
  }

  /** Chunks of the proxy's own end, each with a whole PDU. Gives what the client gets now, and what the own end gets at once. */
  proxy(chunks: readonly Parts[]): Pick<MergeStep, 'toClient' | 'toProxy'> {
    if (this.#isDetached) return { toClient: NONE, toProxy: NONE };
    const toProxy: Uint8Array[] = [];
    const passing = chunks.flatMap((chunk) => this.#proxyChunk(chunk, toProxy));
    return { toClient: this.#toClient(passing), toProxy };
  }

  /** The proxy's own end is gone: its channels are closed, and nothing of it is left. Gives what the client gets. */
  detach(): readonly Parts[] {
    const closes = [...this.#own].map((channelId) => chunkOf({ name: 'DYNVC_CLOSE', channelId }));
    this.#own.clear();
    this.#isDetached = true;
    return this.#toClient(closes);
  }

  #serverPdu({ command, channelId, rest }: Pdu, { data, isLast }: Head): MergeStep {
    if (command === DvcCommand.capabilities) return this.#serverCapabilities(versionOf(data, isLast));
    if (channelId === undefined) return PASSES;
    // To the client a second control channel would be that of a device.
    const isSecond = command === DvcCommand.create && !this.#isDetached && hasName(rest, OWN_CHANNEL_NAME);
    if (!isOwn(channelId) && !isSecond) return PASSES;
    // It is told as a client tells it; what it sends there all the same is for nobody.
    if (command !== DvcCommand.create) return DROPPED;
    const refusal = chunkOf({ name: 'DYNVC_CREATE_RSP', channelId, creationStatus: CREATION_FAILED });
    return { ...DROPPED, toServer: this.#toServer(refusal) };
  }

  #serverCapabilities(version: number): MergeStep {
    const before = this.#capabilities;
    this.#advance('DYNVC_CAPS of the server');
    if (before === 'agreed') return { ...DROPPED, toServer: this.#toServer(this.#answer(version)) };
    if (before !== 'askedByProxy') return PASSES;
    this.#serverAsks = version;
    return DROPPED;
  }

  #clientPdu({ command, channelId, rest }: Pdu, { data, isLast }: Head, chunk: Uint8Array): MergeStep {
    if (command === DvcCommand.capabilities) return this.#clientCapabilities(versionOf(data, isLast), chunk);
    if (channelId === undefined || !isOwn(channelId)) return PASSES;
    const isRefusal = command === DvcCommand.create && rest.byteLength >= 4 && i32At(rest, 0) < 0;
    if (isRefusal || command === DvcCommand.close) this.#own.delete(channelId);
    return this.#forProxy(chunk);
  }

  #clientCapabilities(version: number, chunk: Uint8Array): MergeStep {
    const before = this.#capabilities;
    // An answer to nothing: it is the server's to say what it thinks of it.
    if (before === 'idle' || before === 'agreed') return PASSES;
    this.#advance('DYNVC_CAPS_RSP');
    this.#version = before === 'askedByProxy' ? Math.min(version, PROXY_VERSION) : version;
    if (before === 'askedByServer') {
      return this.#proxyAsks ? { ...PASSES, toProxy: this.#isDetached ? NONE : [chunk] } : PASSES;
    }
    const asked = this.#serverAsks;
    return { ...this.#forProxy(chunk), toServer: asked === undefined ? NONE : this.#toServer(this.#answer(asked)) };
  }

  #proxyChunk(chunk: Parts, toProxy: Uint8Array[]): readonly Parts[] {
    const { command, channelId } = pduOf(beginningOf(chunk).subarray(CHANNEL_PDU_HEADER_SIZE));
    if (command === DvcCommand.capabilities) return this.#proxyCapabilities(toProxy);
    if (channelId !== undefined && command === DvcCommand.create) this.#own.add(channelId);
    if (channelId !== undefined && command === DvcCommand.close) this.#own.delete(channelId);
    return [chunk];
  }

  #proxyCapabilities(toProxy: Uint8Array[]): readonly Parts[] {
    const before = this.#capabilities;
    this.#advance('DYNVC_CAPS of the proxy');
    if (before === 'agreed') toProxy.push(joinParts(this.#answer(this.#version)));
    else this.#proxyAsks = true;
    if (before !== 'idle') return NONE;
    const charges = { priorityCharge0: 0, priorityCharge1: 0, priorityCharge2: 0, priorityCharge3: 0 };
    return [chunkOf({ name: 'DYNVC_CAPS_VERSION2', ...charges })];
  }

  /** What the client has answered, to who asked for `version`. */
  #answer(version: number): Parts {
    return chunkOf({ name: 'DYNVC_CAPS_RSP', version: Math.min(version, this.#version) });
  }

  #advance(input: CapabilitiesInput): void {
    const next = nextState<CapabilitiesState, CapabilitiesInput>(
      MERGED_CAPABILITIES_TRANSITIONS,
      this.#capabilities,
      input,
    );
    if (next === undefined) throw new ProtocolError(input, this.#capabilities, 'not allowed now', DYNAMIC_SPEC);
    this.#capabilities = next;
  }

  #forProxy(chunk: Uint8Array): MergeStep {
    return this.#isDetached ? DROPPED : { ...DROPPED, toProxy: [chunk] };
  }

  /** Not in the middle of the server's message. */
  #toClient(chunks: readonly Parts[]): readonly Parts[] {
    if (this.#fromServer !== 'server') return chunks;
    this.#forClient.push(...chunks);
    return NONE;
  }

  /** Not in the middle of the client's message. @throws ProtocolError for a server that asks without end meanwhile */
  #toServer(chunk: Parts): readonly Parts[] {
    if (this.#fromClient !== 'server') return [chunk];
    if (this.#forServer.length >= MOST_WAITING) {
      throw new ProtocolError('DYNVC_CREATE_REQ', 'waiting', `${MOST_WAITING} answers wait already`, DYNAMIC_SPEC);
    }
    this.#forServer.push(chunk);
    return NONE;
  }
}

interface Head {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly data: Uint8Array;
}

/** @param isInside whether the chunk goes on with a message @throws DecodeError, ProtocolError */
function headOf(chunk: Uint8Array, isInside: boolean): Head {
  const { flags, data } = decodeWith(ChannelPdu, chunk);
  if ((flags & CHANNEL_PACKET_COMPRESSED) !== 0) {
    const problem = 'it is compressed, and the proxy cannot look into it: switch compression off at the client';
    throw new ProtocolError('a chunk of drdynvc', isInside ? 'receiving' : 'idle', problem, STATIC_SPEC);
  }
  if ((flags & PAUSES) !== 0 && data.byteLength === 0) return { isFirst: false, isLast: false, data };
  // A chunk without either flag may be a message of its own.
  const isAlone = !isInside && (flags & WHOLE_MESSAGE) === 0;
  if ((flags & CHANNEL_FLAG_FIRST) !== 0 && isInside) {
    throw new ProtocolError('first chunk', 'receiving', 'the message before it is not complete', STATIC_SPEC);
  }
  const isFirst = (flags & CHANNEL_FLAG_FIRST) !== 0 || isAlone;
  if (!isFirst && !isInside) {
    throw new ProtocolError('chunk', 'idle', 'continues a message that was not begun', STATIC_SPEC);
  }
  return { isFirst, isLast: (flags & CHANNEL_FLAG_LAST) !== 0 || isAlone, data };
}

/** @throws ProtocolError for a first chunk that is too short to tell whose it is */
function pduOf(data: Uint8Array): Pdu {
  const header = data[0] ?? 0;
  const command = header >> 4;
  if (command < DvcCommand.create || command > DvcCommand.dataCompressed || command === DvcCommand.capabilities) {
    return { command, channelId: undefined, rest: data };
  }
  const size = 1 << (header & 3);
  if (size > 4) return { command, channelId: undefined, rest: data };
  if (data.byteLength < 1 + size) throw tooShort('ChannelId');
  const channelId = size === 4 ? u32At(data, 1) : size === 2 ? u16At(data, 1) : (data[1] ?? 0);
  return { command, channelId, rest: data.subarray(1 + size) };
}

/** Version of capabilities, which fit into one chunk. @throws ProtocolError */
function versionOf(pdu: Uint8Array, isWhole: boolean): number {
  if (pdu.byteLength < 4 || !isWhole) throw tooShort('Version');
  return u16At(pdu, 2);
}

function tooShort(field: string): ProtocolError {
  return new ProtocolError('first chunk', 'idle', `it ends before ${field}`, STATIC_SPEC);
}

function isOwn(channelId: number): boolean {
  return channelId > OWN_CHANNEL_ID_BASE && channelId <= OWN_CHANNEL_ID_BASE + OWN_CHANNEL_IDS;
}

/** @param rest of a DYNVC_CREATE_REQ: the name, which a 0 ends */
function hasName(rest: Uint8Array, name: Uint8Array): boolean {
  return name.every((byte, index) => rest[index] === byte);
}

/** As much of a chunk as tells whose it is: its head may be in several parts. */
function beginningOf(chunk: Parts): Uint8Array {
  const [first] = chunk;
  const LONGEST_HEAD = CHANNEL_PDU_HEADER_SIZE + 5;
  return first !== undefined && first.byteLength >= LONGEST_HEAD ? first : joinParts(chunk);
}

/** A PDU in one chunk. */
function chunkOf(pdu: DvcPdu): Parts {
  const parts = encodeDvcPdu(pdu);
  const header = new Uint8Array(CHANNEL_PDU_HEADER_SIZE);
  writeChannelPduHeader(header, 0, byteLength(parts), WHOLE_MESSAGE);
  return [header, ...parts];
}
