import { recorded } from './assumptions.ts';
import type { WorldFigures } from './figures.ts';
import type { Replay } from './replay.ts';

const width = 860;
const height = 380;
const frame = { left: 60, right: 20, top: 60, bottom: 45 };
const most = 2_000;
const legendAt = [60, 250, 535, 735];

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly total: number;
  readonly counts: readonly number[];
  readonly dashed?: boolean;
  readonly note?: string;
}

/** Runs an hour in the three worlds, as an SVG that reads on a light and on a dark page. */
export function stormChart({ worlds }: Replay): string {
  const lines: readonly Line[] = [
    { name: 'as it was, replayed', colour: '#d1495b', ...shown(worlds.asItWas) },
    {
      name: 'as recorded',
      colour: '#8d99ae',
      dashed: true,
      ...shown(recorded),
      note: ' (hours approximate)',
    },
    { name: 'the template’s breaker', colour: '#edae49', ...shown(worlds.template) },
    { name: 'breakwater', colour: '#00798c', ...shown(worlds.breakwater) },
  ];
  const ticks = [0, 500, 1_000, 1_500, 2_000];
  const parts = [
    ...ticks.map(
      (tick) =>
        `<line x1="${frame.left}" x2="${width - frame.right}" y1="${y(tick)}" y2="${y(tick)}" stroke="#8886" stroke-width="1"/>` +
        `<text x="${frame.left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
    ),
    ...[0, 3, 6, 9, 12, 15, 18, 20].map(
      (hour) =>
        `<text x="${x(hour)}" y="${height - frame.bottom + 20}" text-anchor="middle">${String(hour).padStart(2, '0')}:00</text>`,
    ),
    ...lines.map(
      ({ colour, counts, dashed }) =>
        `<polyline fill="none" stroke="${colour}" stroke-width="2.5"${dashed ? ' stroke-dasharray="5 4"' : ''} points="${counts.map((count, hour) => `${x(hour)},${y(count)}`).join(' ')}"/>`,
    ),
    ...lines.map(
      ({ name, colour, total, note = '' }, index) =>
        `<text x="${legendAt[index]}" y="42" fill="${colour}">${name}: ${total.toLocaleString('en')}${note}</text>`,
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#888" role="img" aria-label="Runs an hour of one processor on 16 January 2026 in three worlds">
<text x="${frame.left}" y="20" font-size="15">Runs an hour of one processor on 16 January 2026 (UTC), whose data came the night after</text>
${parts.join('\n')}
</svg>
`;
}

/** The record's total is exact, while some of its hours are known as ranges: they don't add up to it. */
function shown({ starts, startsByHour }: Pick<WorldFigures, 'starts' | 'startsByHour'>) {
  return { total: starts, counts: startsByHour };
}

function x(hour: number): number {
  return round(frame.left + (hour / 20) * (width - frame.left - frame.right));
}

function y(count: number): number {
  return round(height - frame.bottom - (Math.min(count, most) / most) * (height - frame.top - frame.bottom));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
