import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { decodeDvcPdu, type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { fragmentMessage } from '../../src/channels/fragmentation.ts';
import { Reassembly } from '../../src/channels/reassembly.ts';
import { ReassemblyBudget } from '../../src/channels/reassemblyBudget.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import type { Transport, TransportHandler } from '../../src/ports/transport.ts';

export type Direction = 'fromPeer' | 'toPeer';

/** What a faulty peer does wrong: each hook gives what goes on in place of what came; undefined leaves it as it is. */
export interface Tampering {
  /** A whole URBDRC message that the graded peer sends, or receives. */
  message?(
    bytes: Uint8Array,
    direction: Direction,
    channelId: number,
    faults: Faults,
  ): readonly Uint8Array[] | undefined;
  /** Any other PDU of the dynamic channels. */
  pdu?(pdu: DvcPdu, direction: Direction, faults: Faults): readonly DvcPdu[] | undefined;
}

/** What a fault can do beside changing what passes: as if the graded peer had sent it. */
export interface Faults {
  message(channelId: number, bytes: Uint8Array): void;
  pdu(pdu: DvcPdu): void;
}

/**
 * Makes a peer faulty: a transport of the suite behind which the graded peer is, with everything that passes shown to
 * `tampering`. It knows messages, so that a fault is one rule broken and nothing else.
 */
export function tamper(transport: Transport, graded: 'client' | 'server', tampering: Tampering): Transport {
  const other = graded === 'client' ? 'server' : 'client';
  let handler: TransportHandler | undefined;
  const deliver = (pdus: readonly Parts[]) => {
    // In the order of the calls, and never from within `send`.
    setImmediate(() => {
      for (const frame of outward.sendAll(pdus)) handler?.received(joinParts(frame).slice());
    });
  };
  const outward = new StaticChannel();
  const faults: Faults = {
    message: (channelId, bytes) => deliver(fragmentMessage(channelId, [bytes])),
    pdu: (pdu) => deliver([encodeDvcPdu(pdu)]),
  };
  const inbound = new Passage(graded, 'fromPeer', tampering, faults);
  const outbound = new Passage(other, 'toPeer', tampering, faults);
  const inner = new StaticChannel();
  return {
    remote: transport.remote,
    start(suite) {
      handler = suite;
      transport.start({
        received: (frame) => {
          const pdus = inbound.pass(frame);
          for (const each of outward.sendAll(pdus)) suite.received(joinParts(each).slice());
        },
        drained: () => suite.drained(),
        closed: (error) => suite.closed(error),
      });
    },
    send(frames) {
      const pdus = frames.flatMap((frame) => outbound.pass(joinParts(frame)));
      return pdus.length === 0 || transport.send(inner.sendAll(pdus));
    },
    pause: () => transport.pause(),
    resume: () => transport.resume(),
    close: () => transport.close(),
  };
}

/** One direction. */
class Passage {
  readonly #from: 'client' | 'server';
  readonly #direction: Direction;
  readonly #tampering: Tampering;
  readonly #faults: Faults;
  readonly #static = new StaticChannel();
  readonly #reassemblies = new Map<number, Reassembly>();

  constructor(from: 'client' | 'server', direction: Direction, tampering: Tampering, faults: Faults) {
    this.#from = from;
    this.#direction = direction;
    this.#tampering = tampering;
    this.#faults = faults;
  }

  /** The PDUs that go on for this frame. */
  pass(frame: Uint8Array): Parts[] {
    return this.#static.receive(frame.slice()).messages.flatMap((bytes) => this.#passPdu(bytes));
  }

  #passPdu(bytes: Uint8Array): Parts[] {
    const pdu = decodeDvcPdu(bytes, this.#from, { lenient: true });
    if (pdu.name !== 'DYNVC_DATA' && pdu.name !== 'DYNVC_DATA_FIRST') {
      if (pdu.name === 'DYNVC_CLOSE') this.#reassemblies.delete(pdu.channelId);
      return this.#tampering.pdu?.(pdu, this.#direction, this.#faults)?.map(encodeDvcPdu) ?? [[bytes]];
    }
    const { channelId } = pdu;
    const reassembly = this.#reassemblies.get(channelId) ?? new Reassembly(1 << 24, new ReassemblyBudget(1 << 25));
    this.#reassemblies.set(channelId, reassembly);
    const message = reassembly.receive(pdu, bytes.byteLength - pdu.data.byteLength);
    if (message === undefined) return [];
    const instead = this.#tampering.message?.(message.slice(), this.#direction, channelId, this.#faults) ?? [message];
    return instead.flatMap((each) => fragmentMessage(channelId, [each]));
  }
}
