import { UsageError } from '../../../codecs/core/errors.ts';
import type { DeviceEndpoints } from './deviceState.ts';

/** Reports that are kept for a host that does not ask. */
const QUEUE_LIMIT = 8192;

/** The reports of one interrupt IN endpoint, up to a limit. A device that is not configured drops them. */
export class ReportQueue {
  readonly #endpoints: DeviceEndpoints;
  readonly #endpointAddress: number;
  #queued = 0;

  constructor(endpoints: DeviceEndpoints, endpointAddress: number) {
    this.#endpoints = endpoints;
    this.#endpointAddress = endpointAddress;
  }

  /** @throws UsageError when the host has not taken so many that these do not fit. */
  makeRoom(reports: number): void {
    if (this.#queued + reports <= QUEUE_LIMIT) return;
    throw new UsageError(`the host does not take what it is sent: ${this.#queued} reports wait, send less at a time`, {
      code: 'INVALID_STATE',
    });
  }

  send(report: Uint8Array): void {
    this.#queued += 1;
    if (!this.#endpoints.send(this.#endpointAddress, report)) this.#queued = 0;
  }

  /** To be called when the host took what was sent, and when the endpoint begins anew. */
  clear(): void {
    this.#queued = 0;
  }
}
