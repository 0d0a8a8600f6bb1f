// Text, quoted names and comments: what looks like a parameter in them is none.
const quoted =
  /'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\//g;

/** The names of the parameters that a query uses. */
export function parametersOf(sql: string): string[] {
  const names = sql.replace(quoted, ' ').matchAll(/(?<![@\w])@([A-Za-z_]\w*)/g);
  return [...new Set([...names].map(([, name]) => name as string))];
}
