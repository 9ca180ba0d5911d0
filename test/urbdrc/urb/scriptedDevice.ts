import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import { readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import type { BusFacts } from '../../../src/urbdrc/urb/busQueries.ts';
import type { TransferCompletion, TransferRequest } from '../../../src/urbdrc/exchange.ts';
import { DeviceUrbs } from '../../../src/urbdrc/urb/deviceUrbs.ts';

/**
 * Configuration 1: interface 0 with bulk 0x81 and 0x02; interface 1 (audio) with nothing in alternate setting 0,
 * isochronous 0x83 and 0x04 in 1, and 0x83 alone (high bandwidth, 3 x 1024) in 2; interface 3 (HID) with interrupt 0x85
 * and 0x06. Number 2 is left out.
 */
export const CONFIGURATION_1 = fromHex(`
  09 02 6700 03 01 00 80 32
  09 04 00 00 02 ff 01 02 00  07 05 81 02 0002 00  07 05 02 02 0002 00
  09 04 01 00 00 01 02 00 00
  09 04 01 01 02 01 02 00 00  07 05 83 05 c000 01  07 05 04 09 c000 01
  09 04 01 02 01 01 02 00 00  07 05 83 05 0014 01
  09 04 03 00 02 03 01 01 00  07 05 85 03 0800 0a  07 05 06 03 0800 0a`);

/** Configuration 2: interface 0 with interrupt 0x87. */
export const CONFIGURATION_2 = fromHex('09 02 1900 01 02 00 80 32  09 04 00 00 01 03 00 00 00  07 05 87 03 0800 0a');

export const EMPTY = new Uint8Array(0);

/** A full-speed device in the first port of a hub in the fourth of bus 1. */
export const BUS_FACTS: BusFacts = {
  frameNumber: 4711,
  identity: {
    vendorId: 0x1209,
    productId: 1,
    deviceVersion: 0x0100,
    usbVersion: 0x0200,
    deviceClass: 0,
    deviceSubclass: 0,
    deviceProtocol: 0,
    speed: 'full',
    busNumber: 1,
    deviceAddress: 5,
    portPath: '1-4.1',
  },
};

export const ok = (data: Uint8Array = EMPTY, transferred = data.byteLength): UsbResult => ({
  status: 'completed',
  data,
  transferred,
});

/** What became of a request: everything that went to the device, and the completion. */
export interface Played {
  readonly operations: UsbOperation[];
  readonly completion: TransferCompletion;
}

type WithoutIds = TsUrb extends infer U ? (U extends TsUrb ? Omit<U, 'requestId' | 'noAck'> : never) : never;

export type Answers = (operation: UsbOperation) => UsbResult;

/** A device that does what it is told, with handles learned by selecting. */
export class ScriptedDevice {
  readonly urbs: DeviceUrbs;
  answers: Answers = () => ok();

  constructor(descriptors: readonly Uint8Array[] = [CONFIGURATION_1, CONFIGURATION_2]) {
    this.urbs = new DeviceUrbs(readConfigurations(descriptors));
  }

  play(request: TransferRequest, answers: Answers = this.answers): Played {
    const operations: UsbOperation[] = [];
    let step = this.urbs.translate(request, BUS_FACTS);
    while (step.type === 'submit') {
      operations.push(step.operation);
      expect(operations, 'a request that never ends').to.have.length.below(20);
      step = step.next(answers(step.operation));
    }
    return { operations, completion: step.completion };
  }

  in(tsUrb: WithoutIds, outputBufferSize = 0, answers?: Answers): Played {
    const common = { outputBuffer: EMPTY, outputBufferSize };
    return this.play({ type: 'transfer', direction: 'in', tsUrb: withIds(tsUrb), ...common }, answers);
  }

  out(tsUrb: WithoutIds, outputBuffer: Uint8Array = EMPTY, answers?: Answers): Played {
    const outputBufferSize = outputBuffer.byteLength;
    return this.play(
      { type: 'transfer', direction: 'out', tsUrb: withIds(tsUrb), outputBuffer, outputBufferSize },
      answers,
    );
  }

  /** SELECT_CONFIGURATION of configuration 1; `alternates` by interface number. */
  select(alternates: Readonly<Record<number, number>> = { 0: 0, 1: 0, 3: 0 }, answers?: Answers): Played {
    const interfaces = Object.entries(alternates).map(([number, alternateSetting]) => ({
      interfaceNumber: Number(number),
      alternateSetting,
      pipes: [],
    }));
    return this.in(
      {
        name: 'TS_URB_SELECT_CONFIGURATION',
        urbFunction: 0,
        interfaces,
        configurationDescriptor: CONFIGURATION_1,
      },
      0,
      answers,
    );
  }

  selectInterface(configurationHandle: number, interfaceNumber: number, alternateSetting: number, answers?: Answers) {
    return this.in(
      {
        name: 'TS_URB_SELECT_INTERFACE',
        urbFunction: 1,
        configurationHandle,
        interface: { interfaceNumber, alternateSetting, pipes: [] },
      },
      0,
      answers,
    );
  }
}

export function withIds(tsUrb: WithoutIds): TsUrb {
  return { ...tsUrb, requestId: 7, noAck: false };
}

/** Pipe handles by endpoint address, from a selection's result; also the configuration handle as `configuration`. */
export function handlesOf({ completion: { tsUrbResult } }: Played): Map<number, number> {
  const interfaces =
    tsUrbResult.name === 'TS_URB_SELECT_CONFIGURATION_RESULT'
      ? tsUrbResult.interfaces
      : tsUrbResult.name === 'TS_URB_SELECT_INTERFACE_RESULT'
        ? [tsUrbResult.interface]
        : [];
  return new Map(
    interfaces.flatMap(({ pipes }) =>
      pipes.map(({ endpointAddress, pipeHandle }) => [endpointAddress, pipeHandle] as const),
    ),
  );
}

export function configurationHandleOf({ completion: { tsUrbResult } }: Played): number {
  return tsUrbResult.name === 'TS_URB_SELECT_CONFIGURATION_RESULT' ? tsUrbResult.configurationHandle : 0;
}
