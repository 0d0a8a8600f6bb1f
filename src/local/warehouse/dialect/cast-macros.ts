/** Casts, and the texts that they take. */
export const castMacros: readonly string[] = [
  // Halves go away from zero, and text must be a whole number; DuckDB rounds to even, text too.
  `bq_half_away(x) AS CASE WHEN typeof(x) = 'DOUBLE' THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT) ELSE CAST(round(TRY_CAST(x AS DECIMAL(38, 9))) AS BIGINT) END`,
  `bq_is_hex(s) AS regexp_full_match(s, '\\s*[+-]?0[xX].*')`,
  `bq_is_int64(s) AS regexp_full_match(s, '\\s*[+-]?[0-9]+\\s*')`,
  `bq_int64(x) AS CASE
     WHEN typeof(x) = 'DOUBLE' OR typeof(x) LIKE 'DECIMAL%' THEN bq_half_away(x)
     WHEN typeof(x) IN ('BIGINT', 'INTEGER', 'HUGEINT', 'BOOLEAN', '"NULL"', 'UBIGINT', 'TINYINT') THEN CAST(x AS BIGINT)
     WHEN typeof(x) <> 'VARCHAR' THEN error('CAST to INT64 of other than a number, a text or a BOOL')
     WHEN bq_is_hex(CAST(x AS VARCHAR)) THEN error('unsupported:a CAST of a hexadecimal text to INT64:the number in decimals')
     WHEN NOT bq_is_int64(CAST(x AS VARCHAR)) THEN error('Bad int64 value: ' || CAST(x AS VARCHAR))
     ELSE CAST(x AS BIGINT) END`,
  `bq_safe_int64(x) AS CASE
     WHEN typeof(x) = 'DOUBLE' OR typeof(x) LIKE 'DECIMAL%' THEN TRY_CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT)
     WHEN typeof(x) = 'VARCHAR' AND bq_is_hex(CAST(x AS VARCHAR)) THEN error('unsupported:a CAST of a hexadecimal text to INT64:the number in decimals')
     WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_int64(CAST(x AS VARCHAR)) THEN NULL
     ELSE TRY_CAST(x AS BIGINT) END`,
  `bq_is_infinite(s) AS regexp_full_match(s, '(?i)\\s*[+-]?(nan|inf|infinity)\\s*')`,
  `bq_is_float64(s) AS regexp_full_match(s, '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*')`,
  `bq_float64(x) AS CASE
     WHEN typeof(x) = 'BOOLEAN' THEN error('Invalid cast from BOOL to FLOAT64')
     WHEN typeof(x) = 'VARCHAR' AND bq_is_infinite(CAST(x AS VARCHAR)) THEN error('unsupported:a CAST of NaN or infinity:a number')
     WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_float64(CAST(x AS VARCHAR)) THEN error('Bad double value: ' || CAST(x AS VARCHAR))
     ELSE CAST(x AS DOUBLE) END`,
  `bq_safe_float64(x) AS CASE
     WHEN typeof(x) = 'BOOLEAN' THEN error('Invalid cast from BOOL to FLOAT64')
     WHEN typeof(x) = 'VARCHAR' AND bq_is_infinite(CAST(x AS VARCHAR)) THEN error('unsupported:a CAST of NaN or infinity:a number')
     WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_float64(CAST(x AS VARCHAR)) THEN NULL
     ELSE TRY_CAST(x AS DOUBLE) END`,
  `bq_bool(x) AS CASE
     WHEN typeof(x) = 'VARCHAR' AND lower(CAST(x AS VARCHAR)) NOT IN ('true', 'false') THEN error('Bad bool value: ' || CAST(x AS VARCHAR))
     WHEN typeof(x) = 'DOUBLE' OR typeof(x) LIKE 'DECIMAL%' THEN error('Invalid cast to BOOL from ' || typeof(x))
     ELSE CAST(x AS BOOLEAN) END`,
  `bq_safe_bool(x) AS CASE
     WHEN typeof(x) = 'VARCHAR' AND lower(CAST(x AS VARCHAR)) NOT IN ('true', 'false') THEN NULL
     WHEN typeof(x) = 'DOUBLE' OR typeof(x) LIKE 'DECIMAL%' THEN error('Invalid cast to BOOL from ' || typeof(x))
     ELSE TRY_CAST(x AS BOOLEAN) END`,
  // Only YYYY-[M]M-[D]D is a day; DuckDB takes slashes, a time behind it, the year 10000, BC and infinity too.
  `bq_is_date(s) AS regexp_full_match(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') AND NOT starts_with(s, '0000')`,
  `bq_date(x) AS CASE
     WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_date(CAST(x AS VARCHAR)) THEN error('Invalid date: ' || CAST(x AS VARCHAR))
     ELSE CAST(x AS DATE) END`,
  `bq_safe_date(x) AS CASE WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_date(CAST(x AS VARCHAR)) THEN NULL ELSE TRY_CAST(x AS DATE) END`,
  `bq_day(x) AS CASE
     WHEN typeof(x) IN ('DATE', 'VARCHAR', '"NULL"') THEN bq_date(x)
     ELSE error('unsupported:a function of dates with ' || typeof(x) || ':DATE(…)') END`,
  // BigQuery has more forms of an instant than these; what may be one of them is not taken for none.
  `bq_is_timestamp(s) AS regexp_full_match(s, '[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,6})?(?:Z| UTC|[+-][0-9]{2}(?::[0-9]{2})?| [A-Za-z]+(?:/[A-Za-z_]+)+)?)?') AND NOT starts_with(s, '0000')`,
  `bq_may_be_timestamp(s) AS regexp_matches(s, '^[0-9]{4,5}-[0-9]{1,2}-[0-9]{1,2}(?:[ Tt](?:[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}|[+-])|$)')`,
  `bq_no_timestamp(s) AS error(CASE WHEN bq_may_be_timestamp(s) THEN 'unsupported:the timestamp ' || replace(s, ':', '.') || ':it as 2025-03-15T19:30:00Z' ELSE 'Invalid timestamp: ' || s END)`,
  `bq_timestamp(x) AS CASE
     WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_timestamp(CAST(x AS VARCHAR)) THEN bq_no_timestamp(CAST(x AS VARCHAR))
     ELSE CAST(x AS TIMESTAMPTZ) END`,
  `bq_safe_timestamp(x) AS CASE
     WHEN typeof(x) = 'VARCHAR' AND NOT bq_is_timestamp(CAST(x AS VARCHAR)) THEN
       CASE WHEN bq_may_be_timestamp(CAST(x AS VARCHAR)) THEN bq_no_timestamp(CAST(x AS VARCHAR)) END
     ELSE TRY_CAST(x AS TIMESTAMPTZ) END`,
  `bq_instant_only(x) AS CASE
     WHEN typeof(x) IN ('TIMESTAMP WITH TIME ZONE', 'VARCHAR', '"NULL"') THEN bq_timestamp(x)
     ELSE error('unsupported:a function of timestamps with ' || typeof(x) || ':TIMESTAMP(…)') END`,
  `bq_dated(x) AS CASE
     WHEN typeof(x) = 'DATE' OR typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN bq_date(x)
     ELSE error('No matching signature for EXTRACT of ' || typeof(x)) END`,
];
