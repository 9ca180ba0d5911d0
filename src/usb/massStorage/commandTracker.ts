import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import type { ActiveConfiguration } from '../activeConfiguration.ts';
import { bulkOnlyFunctions } from './bulkOnlyFunctions.ts';
import { CommandPhase } from './commandPhase.ts';

const MASS_STORAGE_RESET = 0xff;

/** Bulk-Only Mass Storage Reset, [USB MSC BOT 1.0] 3.1. */
export function isBulkOnlyReset({ bmRequestType, bRequest }: SetupPacket): boolean {
  return bmRequestType === (RequestType.class | RequestType.interface) && bRequest === MASS_STORAGE_RESET;
}

/**
 * Whether SCSI commands of a device are under way, for whoever sees its operations pass: call {@link submitted} for each,
 * and {@link ended} with its result. Configurations and alternate settings come from `active`, which its owner keeps.
 */
export class CommandTracker {
  readonly #active: ActiveConfiguration;
  /** By endpoint address; both endpoints of a function have the same. */
  #phases = new Map<number, CommandPhase>();

  constructor(active: ActiveConfiguration) {
    this.#active = active;
    this.selected();
  }

  /** A Bulk-Only function waits for data or has a status that was not read. */
  get isUnderWay(): boolean {
    return [...this.#phases.values()].some((phase) => phase.isUnderWay);
  }

  /** `active` has changed. */
  selected(): void {
    this.#phases.clear();
    for (const { in: input, out } of bulkOnlyFunctions(this.#active.settings)) {
      const phase = new CommandPhase();
      this.#phases.set(input.endpointAddress, phase);
      this.#phases.set(out.endpointAddress, phase);
    }
  }

  /** Returns whether `operation` is a command, to be given to {@link ended}. */
  submitted(operation: UsbOperation): boolean {
    if (operation.type === 'transferOut') {
      return this.#phases.get(operation.endpointAddress)?.write(operation.data) !== undefined;
    }
    if (operation.type === 'transferIn') this.#phases.get(operation.endpointAddress)?.read();
    return false;
  }

  /** @param isCommand - what {@link submitted} returned */
  ended(operation: UsbOperation, result: UsbResult, isCommand: boolean): void {
    if (operation.type === 'transferIn') this.#phases.get(operation.endpointAddress)?.ended(operation.length, result);
    if (operation.type === 'transferOut') {
      const phase = this.#phases.get(operation.endpointAddress);
      if (!isCommand) phase?.written(result.status);
      else if (result.status !== 'completed') phase?.commandFailed();
    }
    if (isReset(operation) && result.status === 'completed') for (const phase of this.#phases.values()) phase.reset();
  }
}

function isReset(operation: UsbOperation): boolean {
  switch (operation.type) {
    case 'resetDevice':
    case 'setConfiguration':
    case 'setInterface':
      return true;
    case 'control': {
      const change = stateRequestOf(operation.setup);
      return (change !== undefined && change.type !== 'clearHalt') || isBulkOnlyReset(operation.setup);
    }
    default:
      return false;
  }
}
