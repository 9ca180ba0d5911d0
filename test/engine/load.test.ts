import { PLACES, testBackPressure } from './backPressure.ts';
import { testChaos } from './chaos.ts';
import { testMutatedMessages } from './mutatedMessages.ts';

for (const place of PLACES) testBackPressure(place, 300);
describe('mutated messages', () => testMutatedMessages(10_000, 100));
describe('whatever happens, in whatever order', () => testChaos(12));
