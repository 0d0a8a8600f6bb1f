import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { assumed, inputs, minute } from './assumptions.ts';
import { stormChart } from './chart.ts';
import { type Replay, replay } from './replay.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    svg: { type: 'string', default: 'docs/images/storm.svg' },
  },
});
const result = await replay();
await mkdir(dirname(values.svg), { recursive: true });
await writeFile(values.svg, stormChart(result));
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : text(result));

function text({ worlds, fit, constants, storeOperations }: Replay): string {
  const { asItWas, template, breakwater } = worlds;
  const table = new Table({
    head: ['16 January 2026, one processor', 'as it was', 'the template', 'breakwater'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right'],
  });
  const row = (name: string, of: (world: (typeof worlds)[keyof typeof worlds]) => number | string | null) =>
    table.push([name, ...[asItWas, template, breakwater].map((world) => of(world) ?? 'never')]);
  row('starts, 00:00 to 20:59 UTC', ({ starts }) => starts);
  row('failures', ({ failures }) => failures);
  row('left "running"', ({ stuck }) => stuck);
  row('dead-lettered', ({ deadLettered }) => deadLettered);
  row('upstream queries', ({ upstreamQueries }) => upstreamQueries);
  row('successes', ({ successes }) => successes);
  row('seconds from data to output', ({ secondsFromDataToOutput }) => secondsFromDataToOutput);
  const byHour = new Table({
    head: ['starts at', 'as it was', 'template', 'breakwater'],
    style: { head: [], border: [] },
  });
  for (const [at, count] of asItWas.startsByHour.entries()) {
    const name = `${String(at).padStart(2, '0')}:00`;
    byHour.push([name, count, template.startsByHour[at] ?? 0, breakwater.startsByHour[at] ?? 0]);
  }
  const off = ((fit.starts / fit.recordedStarts - 1) * 100).toFixed(1);
  return `${table}
${byHour}

Breakwater, when nobody tells of new rows and the sweeps find them: ${breakwater.secondsFromDataToOutputBySchedule} s from data to output.
${breakwater.upstreamQueries} upstream queries where ${breakwater.upstreamQueryLimit} are allowed (one a minute for each key that waits, and one more each time that somebody tells), at most ${breakwater.mostQueriesInAMinute} of one key in any minute.
The store: ${storeOperations.writesForARunOfTenMinutes} writes and ${storeOperations.readsForARunOfTenMinutes} reads for a run of ten minutes, besides beats; ${storeOperations.writesInAnIdleHour} writes and ${storeOperations.readsInAnIdleHour} reads in an idle hour of 60 sweeps.

Put in: triggers at 09:00 and 11:30 UTC; before 09:00 a call each ${inputs.ordinaryEvery / minute} minutes for the day before; a run takes 7 to 10 s;
  Pub/Sub redelivers after 10 s to 600 s, exponentially; the day's eight games end from 02:40 to 05:28 UTC of the 17th.
Assumed: ${assumed.instances} instances, each replaced after ${assumed.instanceLives / minute} minutes; breakers of the two old worlds live in an instance's memory
  (the template's for ${4} h, asking its question, which could not be true, for each message that it rejects); runs that are cut off lose their connection.
Calibrated, none per hour: ${constants.firstTrigger} messages at the first trigger, ${constants.secondTrigger} at the second; ${constants.deliveries} deliveries before a dead letter;
  a retry queue that publishes a dead letter ${constants.replays} times, for ${constants.replayDeliveries} deliveries each; ${Math.round(constants.cutOff * 100)} % of runs cut off.
Fit of the first world: ${fit.starts} starts of ${fit.recordedStarts} recorded (${off} %, ${fit.totalIsMet ? 'within' : 'not within'} 10 %); rank correlation of the hours ${fit.rankCorrelation.toFixed(2)}.
`;
}
