// binary-parser 2.3 publishes no types for NodeNext resolution; this states the little of it that struct.ts uses.
declare module 'binary-parser' {
  export class Parser {
    endianness(order: 'little' | 'big'): this;
    create(result: new () => object): this;
    uint8(name: string): this;
    uint16(name: string): this;
    uint32(name: string): this;
    int32(name: string): this;
    parse(bytes: Uint8Array): unknown;
  }
}
