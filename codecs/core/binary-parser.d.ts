// binary-parser 2.3 publishes no types for NodeNext resolution; this states the little of it that structCode.ts and its test use.
declare module 'binary-parser' {
  export class Parser {
    uint8(name: string): this;
    uint16le(name: string): this;
    uint16be(name: string): this;
    uint32le(name: string): this;
    uint32be(name: string): this;
    int32le(name: string): this;
    int32be(name: string): this;
    getCode(): string;
    parse(bytes: Uint8Array): unknown;
  }
}
