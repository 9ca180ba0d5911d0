/** Buffers of NTLM messages: a field of 8 bytes in the head tells where in the message a buffer is, [MS-NLMP] 2.2.1. */
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './ntlmStructs.generated.ts';

/** Where a buffer is. */
export interface BufferField {
  /** Bytes. */
  readonly length: number;
  /** Bytes from the start of the message. */
  readonly offset: number;
}

const Fields = struct('NTLM buffer', { Len: 'u16', MaxLen: 'u16', BufferOffset: 'u32' });

/** Bytes of a field. */
export const BUFFER_FIELD_SIZE = Fields.size;

/** @param field - in the specification's spelling, such as `DomainNameFields` */
export function readBufferField(reader: Reader, field: string): BufferField {
  const { Len: length, BufferOffset: offset } = Fields.decode(reader.sub(Fields.size, field));
  return { length, offset };
}

export function writeBufferField(out: Writer, { length, offset }: BufferField): void {
  Fields.write(out, { Len: length, MaxLen: length, BufferOffset: offset });
}

/** Reads the buffers that the head of a message names. */
export class PayloadReader {
  readonly #reader: Reader;
  readonly #start: number;
  readonly #bytes: Uint8Array;
  #end = 0;

  /** @param start - bytes of the head that was read */
  constructor(reader: Reader, start: number) {
    this.#reader = reader;
    this.#start = start;
    this.#bytes = reader.rest();
  }

  /** @throws DecodeError for a buffer that is not within the payload */
  take({ length, offset }: BufferField, field: string): Uint8Array {
    const start = offset - this.#start;
    if (length === 0) return this.#bytes.subarray(0, 0);
    if (start < 0) {
      throw this.#reader.error('INVALID_VALUE', field, `the buffer at ${offset} is within the head of the message`);
    }
    if (start + length > this.#bytes.byteLength) {
      const problem = `needs ${start + length} bytes, ${this.#bytes.byteLength} left`;
      throw this.#reader.error('TRUNCATED', field, problem, this.#bytes.byteLength);
    }
    this.#end = Math.max(this.#end, start + length);
    return this.#bytes.subarray(start, start + length);
  }

  /** @throws DecodeError for bytes behind the last buffer, unless the reader is lenient */
  end(): void {
    const left = this.#bytes.byteLength - this.#end;
    if (left > 0 && !this.#reader.lenient) {
      throw this.#reader.error('TRAILING_BYTES', 'Payload', `${left} bytes that no field names`, left);
    }
  }
}

/** Lays buffers out one after the other. */
export class PayloadWriter {
  readonly #buffers: Uint8Array[] = [];
  #offset: number;

  /** @param start - bytes of the head */
  constructor(start: number) {
    this.#offset = start;
  }

  /** Places a buffer. */
  place(bytes: Uint8Array): BufferField {
    const field = { length: bytes.byteLength, offset: this.#offset };
    this.#buffers.push(bytes);
    this.#offset += bytes.byteLength;
    return field;
  }

  write(out: Writer): void {
    for (const bytes of this.#buffers) out.append(bytes);
  }
}
