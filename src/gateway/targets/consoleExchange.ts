import { TransportError } from '../../../transports/transportError.ts';
import { printable } from '../../../codecs/core/text.ts';

/** What a host of XenServer or XCP-ng says to whoever asks for a console. */
export type ConsoleAnswer =
  /** What follows is the console's. */
  | { readonly type: 'opened' }
  /** `reason` is for people: the status line's words, and the begin of the body. */
  | { readonly type: 'refused'; readonly status: number; readonly reason: string };

/** Bytes of a status line and header fields. */
const LONGEST_HEAD = 8192;
/** Bytes of a refusal's body: XAPI names in it who has the console. */
const LONGEST_BODY = 1024;
/** The empty line, with the end of the line before it. */
const END_OF_HEAD = new TextEncoder().encode('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] (?<status>\d{3})(?: (?<words>.*))?$/;

/**
 * The request for a console, [XAPI consoles]: CONNECT with a path instead of an address.
 * @param location path and query
 * @param credential a reference of a session, `OpaqueRef:...`, or `USER:PASSWORD`
 * @throws TransportError for a credential that is neither
 */
export function encodeConsoleRequest(host: string, location: string, credential: string): Uint8Array {
  const lines = [`CONNECT ${location} HTTP/1.0`, `Host: ${host}`, credentialField(credential), '', ''];
  return new TextEncoder().encode(lines.join('\r\n'));
}

function credentialField(credential: string): string {
  if (/^OpaqueRef:[\w-]{1,128}$/.test(credential)) return `Cookie: session_id=${credential}`;
  if (!/^[^:]+:./.test(credential) || credential.startsWith('OpaqueRef:')) {
    throw new TransportError('LOGON_REFUSED', 'a console needs a session, OpaqueRef:..., or USER:PASSWORD');
  }
  const bytes = new TextEncoder().encode(credential);
  return `Authorization: Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** Cuts the answer to {@link encodeConsoleRequest} from a stream. */
export class ConsoleAnswerReader {
  /** What has come and was not used. */
  #bytes = new Uint8Array(0);
  #head: { readonly status: number; readonly words: string; readonly bodySize: number } | undefined;

  push(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#bytes.byteLength + chunk.byteLength);
    bytes.set(this.#bytes);
    bytes.set(chunk, this.#bytes.byteLength);
    this.#bytes = bytes;
  }

  /** Undefined when more has to come. @throws TransportError `PROTOCOL_VIOLATED` for what is no answer of this kind */
  next(): ConsoleAnswer | undefined {
    this.#head ??= this.#takeHead();
    if (this.#head === undefined) return undefined;
    if (this.#head.status === 200) return { type: 'opened' };
    return this.#bytes.byteLength < this.#head.bodySize ? undefined : this.refusal();
  }

  /** What is known of a refusal whose body has not come, or not wholly. */
  refusal(): ConsoleAnswer | undefined {
    if (this.#head === undefined) return undefined;
    const { status, words, bodySize } = this.#head;
    const body = new TextDecoder('utf-8').decode(this.#bytes.subarray(0, bodySize));
    const reason = printable(`${words}${body === '' ? '' : ': '}${body}`);
    return { type: 'refused', status, reason };
  }

  /** What came after the empty line. */
  rest(): Uint8Array {
    return this.#bytes;
  }

  #takeHead(): { readonly status: number; readonly words: string; readonly bodySize: number } | undefined {
    const size = endOfHead(this.#bytes);
    if ((size ?? this.#bytes.byteLength) > LONGEST_HEAD) {
      throw violated(`the answer has more than ${LONGEST_HEAD} bytes before its empty line`);
    }
    if (size === undefined) return undefined;
    const [statusLine = '', ...fields] = new TextDecoder().decode(this.#bytes.subarray(0, size)).split('\r\n');
    const { status, words = '' } = STATUS_LINE.exec(statusLine)?.groups ?? {};
    if (status === undefined) throw violated('the answer is not one of HTTP');
    this.#bytes = this.#bytes.slice(size);
    const length = fields.map((field) => /^content-length: *(\d{1,9}) *$/i.exec(field)?.[1]).find(Boolean);
    const bodySize = Math.min(LONGEST_BODY, Number(length ?? LONGEST_BODY));
    return { status: Number(status), words, bodySize };
  }
}

/** Where the empty line ends, if it is there. */
function endOfHead(bytes: Uint8Array): number | undefined {
  const [first] = END_OF_HEAD;
  for (let at = bytes.indexOf(first ?? 0); at !== -1; at = bytes.indexOf(first ?? 0, at + 1)) {
    if (END_OF_HEAD.every((byte, index) => bytes[at + index] === byte)) return at + END_OF_HEAD.byteLength;
  }
  return undefined;
}

function violated(problem: string): TransportError {
  return new TransportError('PROTOCOL_VIOLATED', problem);
}
