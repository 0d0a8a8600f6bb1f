/**
 * What DuckDB does otherwise than BigQuery, as macros that do it BigQuery's way. Every connection has them; the list of
 * constructs names them.
 */
export const macros: readonly string[] = [
  // Division by zero is an error; DuckDB gives NULL or infinity.
  `bq_divide(a, b) AS CASE WHEN b = 0 THEN error('division by zero') ELSE a / b END`,
  `bq_safe_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE a / b END`,
  `bq_div(a, b) AS CASE WHEN b = 0 THEN error('division by zero') ELSE a // b END`,
  `bq_mod(a, b) AS CASE WHEN b = 0 THEN error('division by zero') ELSE a % b END`,
  // Halves go away from zero, and text must be a whole number; DuckDB rounds to even, text too.
  `bq_int64(x) AS CASE
     WHEN typeof(x) IN ('DOUBLE', 'FLOAT') OR typeof(x) LIKE 'DECIMAL%' THEN CAST(round(CAST(x AS DOUBLE)) AS BIGINT)
     WHEN typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '\\s*[+-]?[0-9]+\\s*') THEN error('Bad int64 value: ' || CAST(x AS VARCHAR))
     ELSE CAST(x AS BIGINT) END`,
  `bq_safe_int64(x) AS CASE
     WHEN typeof(x) IN ('DOUBLE', 'FLOAT') OR typeof(x) LIKE 'DECIMAL%' THEN TRY_CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT)
     WHEN typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '\\s*[+-]?[0-9]+\\s*') THEN NULL
     ELSE TRY_CAST(x AS BIGINT) END`,
  // A FLOAT64 that is whole has no decimal point.
  `bq_string(x) AS CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN regexp_replace(CAST(x AS VARCHAR), '\\.0$', '') ELSE CAST(x AS VARCHAR) END`,
  // One NULL makes the whole NULL.
  `bq_greatest(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE greatest(a, b) END,
     (a, b, c) AS CASE WHEN a IS NULL OR b IS NULL OR c IS NULL THEN NULL ELSE greatest(a, b, c) END`,
  `bq_least(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE least(a, b) END,
     (a, b, c) AS CASE WHEN a IS NULL OR b IS NULL OR c IS NULL THEN NULL ELSE least(a, b, c) END`,
  // Whole units that have passed, towards zero; DuckDB's own counts the boundaries between.
  `bq_timestamp_diff(a, b, micros) AS (epoch_us(a) - epoch_us(b)) // micros`,
  `bq_in_list(x, l) AS CASE
     WHEN l IS NULL OR len(l) = 0 THEN FALSE
     WHEN x IS NULL THEN NULL
     WHEN list_contains(l, x) THEN TRUE
     WHEN list_count(l) < len(l) THEN NULL
     ELSE FALSE END`,
  // Nothing found is NULL; DuckDB gives an empty text.
  `bq_regexp_extract(s, r, g) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, g) END`,
];
