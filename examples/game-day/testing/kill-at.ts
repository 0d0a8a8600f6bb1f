// Loaded before the command: the process kills itself, as the system would, at a moment of the first run that writes.
import { DuckDBConnection } from '@duckdb/node-api';

type Moment = 'extract' | 'write' | 'record';

const moment = process.env.KILL_AT as Moment;
const output = process.env.KILL_OUTPUT!;
const connection = DuckDBConnection.prototype;
const { prepare, run } = connection;
const kill = () => process.kill(process.pid, 'SIGKILL');
let deleted = false;

connection.prepare = function (sql) {
  // Upstream checks number their answers, which extraction does not; who only counts takes no latest row.
  if (moment === 'extract' && /nbac_team_boxscore.*QUALIFY/s.test(sql) && !sql.includes('"item"')) kill();
  return prepare.call(this, sql);
};

connection.run = async function (sql, values, types) {
  deleted ||= sql.startsWith('DELETE FROM') && sql.includes(output) && !sql.includes('fence_key');
  const commits = deleted && sql === 'COMMIT';
  if (commits && moment === 'write') kill();
  const result = await run.call(this, sql, values, types);
  // The rows are in the warehouse; the store knows nothing of it yet.
  if (commits && moment === 'record') kill();
  return result;
};
