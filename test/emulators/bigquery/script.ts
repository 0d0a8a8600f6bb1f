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

export function isTransaction(statement: string): boolean {
  return /^(BEGIN|COMMIT)( TRANSACTION)?$/i.test(statement);
}
