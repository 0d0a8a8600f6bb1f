import type { TableColumn } from '../../clients/index.ts';

/** A column of a table, with DuckDB's type for it. */
export interface Column extends TableColumn {
  readonly duck: string;
}

export function columnOf(name: string, duck: string, nullable: boolean): Column {
  const repeated = duck.endsWith('[]');
  return { name, duck, type: kindOf(repeated ? duck.slice(0, -2) : duck), repeated, nullable };
}

/** BigQuery's name of a DuckDB type. */
function kindOf(type: string): string {
  if (type.startsWith('DECIMAL')) return 'NUMERIC';
  return (
    {
      BIGINT: 'INT64',
      DOUBLE: 'FLOAT64',
      BOOLEAN: 'BOOL',
      VARCHAR: 'STRING',
      'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
    }[type] ?? type
  );
}
