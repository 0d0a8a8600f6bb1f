import { readFileSync, writeFileSync } from 'node:fs';
import type { Measured } from './measure.ts';

// Draws what `npm run -s bench -- --json` has printed, given on standard input, as docs/images/performance.svg.

const rows = (JSON.parse(readFileSync(0, 'utf8')) as Measured[]).filter(({ variant }) => variant !== 'bare');
const height = 18;
const left = 400;
const width = 420;
const powers = [1, 10, 100, 1_000];
const x = (ratio: number) => left + (Math.log10(Math.max(1, ratio)) / 3.5) * width;
const bottom = rows.length * height + 40;

const bars = rows.map(({ case: name, variant, ratio }, index) => {
  const y = 30 + index * height;
  const first = rows[index - 1]?.case !== name;
  return [
    first ? `<text x="4" y="${y + 12}" font-weight="bold">${name}</text>` : '',
    `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${variant}</text>`,
    `<rect x="${left}" y="${y + 2}" width="${(x(ratio) - left).toFixed(1)}" height="${height - 5}" fill="${variant === 'breakwater' ? '#0b6e99' : '#b8c4cc'}"/>`,
    `<text x="${(x(ratio) + 4).toFixed(1)}" y="${y + 12}">${ratio.toFixed(1)}×</text>`,
  ].join('');
});
const lines = powers.map(
  (power) =>
    `<line x1="${x(power)}" x2="${x(power)}" y1="26" y2="${bottom - 8}" stroke="#dde3e7"/><text x="${x(power)}" y="18" text-anchor="middle">${power}×</text>`,
);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 60} ${bottom}" font-family="sans-serif" font-size="11" role="img"><title>Time a call, to a bare await; logarithmic</title><rect width="100%" height="100%" fill="white"/>
${[...lines, ...bars].join('\n')}
</svg>
`;
writeFileSync(new URL('../docs/images/performance.svg', import.meta.url), svg);
