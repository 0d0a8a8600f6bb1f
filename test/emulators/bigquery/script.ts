import { ServiceError } from '../../../src/errors/index.ts';

/** The statements of a script, without their semicolons; those within texts and quoted names part nothing. */
export function statementsOf(script: string): string[] {
  const tokens = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|--[^\n]*|;|[^'"`;-]+|-/g;
  const statements = [''];
  for (const [token] of script.matchAll(tokens)) {
    if (token === ';') statements.push('');
    else statements[statements.length - 1] += token;
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}

/** `ASSERT condition AS 'message'`, or undefined for another statement. */
export function assertionOf(
  statement: string,
): { readonly query: string; readonly message: string } | undefined {
  const [, condition, message = 'Assertion failed'] =
    /^ASSERT\s+([\s\S]*?)(?:\s+AS\s+'([^']*)')?$/i.exec(statement) ?? [];
  return condition === undefined ? undefined : { query: `SELECT ${condition} AS holds`, message };
}

/** A statement that is committed by itself, or those of a transaction; one that is never committed is rolled back at the script's end. */
export type Step = string | { readonly transaction: readonly string[]; readonly committed: boolean };

/** @throws ServiceError for a transaction in another, and for an end of none. */
export function stepsOf(script: string): Step[] {
  const steps: Step[] = [];
  let open: string[] | undefined;
  for (const statement of statementsOf(script)) {
    const [, verb] = /^(BEGIN|COMMIT|ROLLBACK)(?: TRANSACTION)?$/i.exec(statement) ?? [];
    if (verb === undefined) {
      if (open === undefined) steps.push(statement);
      else open.push(statement);
    } else if ((verb.toUpperCase() === 'BEGIN') !== (open === undefined)) {
      throw new ServiceError(
        `${statement} is not allowed ${open === undefined ? 'outside' : 'inside'} a transaction`,
        {
          service: 'bigquery',
          kind: 'permanent',
          code: 'invalidQuery',
        },
      );
    } else if (open === undefined) open = [];
    else {
      steps.push({ transaction: open, committed: verb.toUpperCase() === 'COMMIT' });
      open = undefined;
    }
  }
  if (open !== undefined) steps.push({ transaction: open, committed: false });
  return steps;
}
