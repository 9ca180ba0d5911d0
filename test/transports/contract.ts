import {
  transportContract as rulesOf,
  type TransportConnection,
  type TransportContractOptions,
} from '../../src/conformance/transport/transportContract.ts';
import { turns } from './turns.ts';

export type Connection = TransportConnection;

/** What holds for every transport, a test for each rule. Call it inside a `describe`. */
export function transportContract(
  connect: () => Promise<Connection>,
  options: Omit<TransportContractOptions, 'connect'>,
): void {
  const turn = () => turns(1);
  for (const { title, run } of rulesOf({ connect, turn, ...options })) it(title, run);
}
