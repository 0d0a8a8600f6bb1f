import { chance, pick, type Random } from './random.ts';

/** A player as tables name one. `lookup` is the name in lower case without anything but letters. */
export interface Name {
  readonly name: string;
  readonly lookup: string;
}

/** Names of nobody: surnames are put together from syllables. No two have the same lookup key. */
export function inventNames(random: Random, count: number): Name[] {
  const names: Record<string, Name> = {};
  let found = 0;
  while (found < count) {
    const name = inventName(random);
    const lookup = lookupOf(name);
    if (lookup in names) continue;
    names[lookup] = { name, lookup };
    found++;
  }
  return Object.values(names);
}

/** `T.J. Vandrello Jr.` is found as `tjvandrellojr`. */
export function lookupOf(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase();
}

function inventName(random: Random): string {
  const first = chance(random, 0.06)
    ? `${pick(random, initials)}.${pick(random, initials)}.`
    : pick(random, given);
  const surname = inventSurname(random);
  if (chance(random, 0.05)) return `${first} ${surname} ${pick(random, suffixes)}`;
  if (chance(random, 0.03)) return `${first} ${surname}-${inventSurname(random)}`;
  return `${first} ${surname}`;
}

function inventSurname(random: Random): string {
  const middle = chance(random, 0.45) ? pick(random, middles) : '';
  const surname = `${pick(random, starts)}${middle}${pick(random, ends)}`;
  return chance(random, 0.03) ? `O'${surname}` : surname;
}

const initials = [...'ABCDEJKLMRT'];
const suffixes = ['Jr.', 'Jr.', 'II', 'III'];
const given =
  'Aden Amari Andre Anton Bastian Benji Brecken Cade Caius Caleb Cassian Corwin Dario Darnel Dashiell Deon Desmar Dmitar Eamon Elian Emeric Emil Enzo Ezra Fabian Felix Garrick Gideon Hakim Hollis Idris Ilan Ismael Jabari Jalil Jamar Jarek Jericho Joaquín Jory Kael Keon Kellan Kofi Lamont Leandro Lennox Luka Malachi Marcelo Marek Mateo Micah Milos Nasir Nico Nikola Octavio Omari Orion Oskar Percy Quincy Rafael Ramiro Reggie Rémy Roman Rufus Santino Sekou Silas Stellan Tariq Teo Thaddeus Tobias Tomás Tristan Ulises Vance Vito Wendell Xavi Yannick Zaire Zeke'.split(
    ' ',
  );
const starts =
  'Al Ard Bal Bar Bel Bram Brin Cald Cor Dal Dar Del Dor Drav Ell Fal Fen Gal Gar Gren Hal Har Hol Jan Jar Kel Kor Lan Lar Lom Mar Mav Mer Mor Nar Nor Ol Or Pal Par Pel Quill Ral Ros Sal Sor Sten Tal Tav Tor Ul Van Var Vel Ver Wal Wen Yar Zan Zel'.split(
    ' ',
  );
const middles = 'a an ar en er i in o on or u'.split(' ');
const ends =
  'bec berg bright brook burn cott dell den dore drake dris fell fenn field ford gard gate grove ham hart holt keth kin lach land ler ley lock lund man mere mond mont more nak nell ner nik novic quist rell rick ridge rin ron sby shaw sko sley son stad ster strand thorn ton tree tz vale vall vane ven vic ville wald ward well wick win wood worth yard zen'.split(
    ' ',
  );
