/** A program that a guide shows: one or several of its code blocks. */
export interface Program {
  /** File and line of its first block: `docs/policies.md:12`. */
  readonly place: string;
  /** What it is called among the programs of its guide; `*.test.ts` is run by vitest. */
  readonly name: string;
  readonly code: string;
  /** What it must print, where the guide shows it. */
  readonly output: string | undefined;
}

/**
 * The programs of a guide. A fence `ts` begins a program, `ts name.ts` one that others of the guide may import,
 * `ts name.test.ts` a test, and `ts continues` goes on with the one before; a fence `text output` says what the program before it
 * prints. Other fences are not code of ours.
 */
export function programsOf(file: string, markdown: string): readonly Program[] {
  const programs: { place: string; name: string; code: string; output: string | undefined }[] = [];
  for (const { info, body, line } of fencesOf(markdown)) {
    const last = programs.at(-1);
    const [language, name] = info.split(' ');
    if (info === 'ts continues' || info === 'text output') {
      if (last === undefined) throw new Error(`${file}:${line}: nothing comes before it`);
      if (info === 'ts continues') last.code += `\n${body}`;
      else last.output = body;
    } else if (language === 'ts') {
      if (name !== undefined && !/^[a-z-]+(\.test)?\.ts$/.test(name))
        throw new Error(`${file}:${line}: "${info}" is no kind of code`);
      programs.push({
        place: `${file}:${line}`,
        name: name ?? `line-${line}.ts`,
        code: body,
        output: undefined,
      });
    }
  }
  return programs;
}

function fencesOf(markdown: string) {
  const fences: { info: string; body: string; line: number }[] = [];
  let open: { info: string; line: number; body: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(text);
    if (fence === null) open?.body.push(text);
    else if (open === undefined) open = { info: (fence[1] as string).trim(), line: index + 1, body: [] };
    else {
      fences.push({ info: open.info, line: open.line, body: `${open.body.join('\n')}\n` });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the fence is not closed`);
  return fences;
}
