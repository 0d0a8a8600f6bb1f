import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localState } from '../../src/local/index.ts';
import { storeFaultsContract } from '../contracts/store-faults-contract.ts';
import { scenarios } from './scenarios.ts';

storeFaultsContract(
  'the store in a file',
  (clock) => {
    const dir = mkdtempSync(join(tmpdir(), 'breakwater-faults-'));
    const store = localState({ file: join(dir, 'state.sqlite'), clock });
    return {
      store,
      close() {
        store.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
  // The store's answers are the same as in memory, by contract: one scenario is proof enough where time is dear.
  scenarios.filter(({ name }) => process.env.CI || /data is there/.test(name)),
);
