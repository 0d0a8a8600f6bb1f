// One of several processes on one folder of objects: adds one to the object that all of them change, so many times as it is told.
import { PreconditionError } from '../../src/errors/index.ts';
import { localObjects } from '../../src/local/index.ts';
import type { ObjectAddition, Tally } from './tally.ts';

const [dir, name, times] = process.argv.slice(2) as [string, string, string];

const objects = localObjects({ dir });
for (let done = 0; done < Number(times); ) {
  const found = await objects.read('shared/tally.json');
  const { total, by }: Tally = found
    ? JSON.parse(new TextDecoder().decode(found.data))
    : { total: 0, by: {} };
  const mine = (by[name] ?? 0) + 1;
  const next: Tally = { total: total + 1, by: { ...by, [name]: mine } };
  try {
    const saved = await objects.save('shared/tally.json', JSON.stringify(next), {
      ifGeneration: found?.object.generation ?? 0,
    });
    done++;
    const addition: ObjectAddition = { generation: saved.generation, total: next.total, mine };
    process.send?.(addition);
  } catch (error) {
    if (!(error instanceof PreconditionError)) throw error;
  }
}
objects.close();
process.disconnect?.();
