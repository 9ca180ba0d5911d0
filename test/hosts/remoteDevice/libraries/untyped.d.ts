// What the tests use of packages that come without types.
declare module 'ftdi-js' {
  export default class ftdi extends EventTarget {
    constructor(device: USBDevice, options: { readonly baudRate: number });
    isClosing: boolean;
    writeAsync(data: Uint8Array): Promise<unknown>;
  }
}

declare module 'webdfu' {
  interface DfuSettings {
    readonly name: string | null | undefined;
  }
  class DfuDevice {
    readonly settings: DfuSettings;
    open(): Promise<void>;
    close(): Promise<void>;
    getState(): Promise<number>;
    do_download(transferSize: number, data: ArrayBuffer, manifestationTolerant: boolean): Promise<void>;
    do_upload(transferSize: number): Promise<Blob>;
  }
  const webdfu: { readonly DFU: { findAllDfuInterfaces(): Promise<DfuDevice[]> } };
  export default webdfu;
}
