import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, type DecodeErrorCode } from '../../codecs/core/errors.ts';
import { fromHex, fromJson, toHex, toJson } from '../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import type { DecodeContext, Protocol, ProtocolMessage } from '../../codecs/core/protocol.ts';
import type { ReaderOptions } from '../../codecs/core/reader.ts';
import { urbFunctionByName } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';

/** One file of test-vectors/<layer>/<SPEC_NAME>/<case>.json. Bytes are hex strings, also those inside `value`. */
export interface Vector {
  /** `<SPEC_NAME>/<case>`, from the path. */
  readonly file: string;
  /** The folder, `<SPEC_NAME>`. */
  readonly folder: string;
  readonly name: string;
  readonly spec: string;
  readonly origin: 'spec' | 'capture' | 'hand';
  readonly from?: 'client' | 'server';
  /** What the decoder has to know beside the bytes; each layer defines it. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly hex: string;
  /** Exactly one of `value` and `error`. */
  readonly value?: unknown;
  readonly error?: {
    readonly code: DecodeErrorCode;
    readonly offset: number;
    readonly path: readonly string[];
    /** The section that the error names, where the case is about that. */
    readonly spec?: string;
  };
  /** What encoding gives where it is not `hex`; `note` says why. */
  readonly reencode?: string;
  readonly note?: string;
  /** Decoded by a lenient reader, as sessions have it: a quirk that a strict reader refuses. */
  readonly lenient?: boolean;
}

export interface VectorSuite<V> {
  /** Folder below test-vectors. */
  readonly layer: string;
  /** Which of its folders; default all. */
  readonly includes?: (folder: string) => boolean;
  /** Names of properties that are bytes, for `fromJson`. */
  readonly byteProperties: ReadonlySet<string>;
  readonly decode: (bytes: Uint8Array, vector: Vector, options: ReaderOptions) => V;
  readonly encode: (value: V, vector: Vector) => Parts;
  /**
   * What becomes of a strict vector that is cut or extended (by a zero byte) to `length`, where that is not the rule
   * (TRUNCATED, TRAILING_BYTES): another code, or `decodes` where that many bytes are a message in their own right.
   */
  readonly outcome?: (vector: Vector, length: number) => DecodeErrorCode | 'decodes' | undefined;
}

const KEYS = new Set('name spec origin from context hex value error reencode note lenient'.split(' '));

/** The vectors of a layer, sorted by file. @throws Error for a file that is not as test-vectors/README.md wants it. */
export function loadVectors(layer: string, includes: (folder: string) => boolean = () => true): Vector[] {
  const root = fileURLToPath(new URL(`../../test-vectors/${layer}/`, import.meta.url));
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.json') && includes(path.slice(0, path.lastIndexOf('/'))))
    .sort()
    .map((path) => {
      const file = path.slice(0, -'.json'.length);
      const content = JSON.parse(readFileSync(root + path, 'utf8')) as Omit<Vector, 'file' | 'folder'>;
      const complain = (what: string) => new Error(`test-vectors/${layer}/${path}: ${what}`);
      const unknown = Object.keys(content).filter((key) => !KEYS.has(key));
      if (unknown.length > 0) throw complain(`unknown keys ${unknown.join(', ')}`);
      if (!['spec', 'capture', 'hand'].includes(content.origin)) throw complain(`origin ${content.origin}`);
      if ('value' in content === 'error' in content) throw complain('needs either value or error');
      if (content.reencode !== undefined && content.note === undefined) throw complain('reencode needs a note');
      return { ...content, file, folder: file.slice(0, file.lastIndexOf('/')) };
    });
}

/**
 * The vectors of a protocol, read by its own table.
 * @param by `bytes`: the protocol has to find out which message a vector is; `folder`: it is the one of its folder
 */
export function vectorsOf(
  protocol: Protocol,
  by: 'bytes' | 'folder',
  rest: Pick<VectorSuite<unknown>, 'includes' | 'outcome'> = {},
): VectorSuite<unknown> {
  const { name: layer, byteProperties } = protocol;
  const messageOf = (vector: Vector) => messageNamed(protocol, by === 'folder' ? vector.folder : nameOf(vector));
  return {
    layer,
    byteProperties,
    ...rest,
    decode: (bytes, vector, options) =>
      by === 'bytes'
        ? protocol.decode?.(bytes, contextOf(vector), options).value
        : messageOf(vector).decode(bytes, contextOf(vector), options),
    encode: (value, vector) => messageOf(vector).encode(value),
  };
}

/** @throws Error where the protocol has no such message */
export function messageNamed({ name: protocol, messages }: Protocol, name: string): ProtocolMessage {
  const message = messages.find((each) => each.name === name);
  if (message === undefined) throw new Error(`${protocol} has no ${name}`);
  return message;
}

/** Messages of a protocol that no vector shows decoded. */
export function withoutVectors({ name: protocol, messages }: Protocol): string[] {
  const shown = new Set(loadVectors(protocol).flatMap(({ error, folder }) => (error === undefined ? [folder] : [])));
  return messages.flatMap(({ name }) => (shown.has(name) ? [] : [name]));
}

/** A value says which message it is, or its folder does. */
function nameOf({ value, folder }: Vector): string {
  return (value as { readonly name?: string } | undefined)?.name ?? folder;
}

/** What a vector's decoder has to know. */
function contextOf({ from, context = {} }: Vector): DecodeContext {
  const { urbFunction, requestCompletion, failed, direction, isochronous, capabilities } = context;
  const code = typeof urbFunction === 'string' ? urbFunctionByName(urbFunction)?.code : urbFunction;
  return {
    from,
    failed: failed === true,
    urbFunction: code as number | undefined,
    requestCompletion: requestCompletion as number | undefined,
    capabilities: capabilities as number | undefined,
    submitted:
      direction === undefined
        ? undefined
        : { direction: direction as 'in' | 'out', isochronous: isochronous as boolean },
  };
}

/**
 * The tests that every vector gets: whole, cut at every byte, with a trailing byte, encoded again; then random bytes and
 * mutated vectors, which must give a value or a DecodeError.
 */
export function testVectors<V>(suite: VectorSuite<V>): void {
  const vectors = loadVectors(suite.layer, suite.includes);
  it('has vectors', () => expect(vectors).not.to.be.empty);
  for (const vector of vectors) {
    describe(`${vector.file} (${vector.spec}, ${vector.origin})`, () => {
      if (vector.error === undefined) testGoodVector(suite, vector);
      else testBadVector(suite, vector, vector.error);
    });
  }
  it('decodes random bytes and mutated vectors to a value or a DecodeError', () => {
    const bytes = fc.constantFrom(...vectors).chain((vector) => fc.tuple(fc.constant(vector), mutation(vector)));
    fc.assert(
      fc.property(bytes, fc.boolean(), ([vector, mutated], lenient) => {
        valueOrDecodeError(() => suite.decode(mutated, vector, { lenient }));
      }),
      { numRuns: 2000 },
    );
  });
}

/** `decode(encode(value))` equals `value`, for arbitrary values of each message. */
export function testRoundTrips<V>(
  arbitraries: Readonly<Record<string, fc.Arbitrary<V>>>,
  encode: (value: V) => Parts,
  decode: (bytes: Uint8Array, value: V) => V,
): void {
  for (const [name, arbitrary] of Object.entries(arbitraries)) {
    it(`${name}: decodes what it encodes`, () => {
      fc.assert(
        fc.property(arbitrary, (value) => {
          expect(toJson(decode(joinParts(encode(value)), value))).to.deep.equal(toJson(value));
        }),
      );
    });
  }
}

function testGoodVector<V>(suite: VectorSuite<V>, vector: Vector): void {
  const bytes = fromHex(vector.hex);
  const lenient = vector.lenient ?? false;
  const decode = (input: Uint8Array) => suite.decode(input, vector, { lenient });

  it('decodes to the value', () => {
    expect(toJson(decode(bytes))).to.deep.equal(vector.value);
  });
  it('encodes to the bytes', () => {
    const value = fromJson(vector.value, suite.byteProperties) as V;
    const expected = fromHex(vector.reencode ?? vector.hex);
    expect(toHex(joinParts(suite.encode(value, vector)))).to.equal(toHex(expected));
  });
  it('cut anywhere', () => {
    for (let length = 0; length < bytes.length; length++) expectOutcome(suite, vector, bytes.subarray(0, length));
  });
  it('with a trailing byte', () => {
    expectOutcome(suite, vector, Uint8Array.from([...bytes, 0]));
  });
  if (lenient) {
    it('is refused by a strict reader', () => {
      expect(() => suite.decode(bytes, vector, { lenient: false })).to.throw(DecodeError);
    });
  }
}

function testBadVector<V>(suite: VectorSuite<V>, vector: Vector, expected: NonNullable<Vector['error']>): void {
  it('is refused, and the error says where', () => {
    const error = decodeErrorOf(() => suite.decode(fromHex(vector.hex), vector, { lenient: vector.lenient ?? false }));
    expect(error, 'the decoder accepted the bytes').to.be.instanceOf(DecodeError);
    const { code, offset, path, spec } = expected;
    expect({ code: error?.code, offset: error?.offset, path: error?.path }).to.deep.equal({ code, offset, path });
    if (spec !== undefined) expect(`${error?.spec.document} ${error?.spec.section}`).to.equal(spec);
  });
}

function expectOutcome<V>(suite: VectorSuite<V>, vector: Vector, bytes: Uint8Array): void {
  const whole = fromHex(vector.hex).length;
  const lenient = vector.lenient ?? false;
  const error = decodeErrorOf(() => suite.decode(bytes, vector, { lenient }));
  if (lenient) return;
  const rule = bytes.length < whole ? 'TRUNCATED' : 'TRAILING_BYTES';
  const expected = suite.outcome?.(vector, bytes.length) ?? rule;
  expect(error?.code ?? 'decodes', `${bytes.length} of ${whole} bytes: ${error?.message ?? ''}`).to.equal(expected);
  if (error !== undefined) expect(error.offset).to.be.within(0, bytes.length);
}

/** The DecodeError that `decode` throws, if it does; anything else that it throws goes through. */
export function decodeErrorOf(decode: () => unknown): DecodeError | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

/** Passes for a value and for a DecodeError; any other error goes through. */
export function valueOrDecodeError(decode: () => unknown): void {
  decodeErrorOf(decode);
}

/** Random bytes, or the vector with bytes overwritten (often by extremes), cut out and inserted. */
function mutation(vector: Vector): fc.Arbitrary<Uint8Array> {
  const original = fromHex(vector.hex);
  const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 }));
  const edit = fc.record({
    at: fc.nat(Math.max(original.length - 1, 0)),
    remove: fc.nat(4),
    insert: fc.array(byte, { maxLength: 4 }),
  });
  const edited = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const bytes = [...original];
    for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert);
    return Uint8Array.from(bytes);
  });
  const overwritten = fc
    .array(fc.tuple(fc.nat(Math.max(original.length - 1, 0)), byte), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = Uint8Array.from(original);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  return fc.oneof(
    { weight: 4, arbitrary: overwritten },
    { weight: 2, arbitrary: edited },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
}
