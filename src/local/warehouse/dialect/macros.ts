import { castMacros } from './cast-macros.ts';

/**
 * What DuckDB does otherwise than BigQuery, as macros that do it BigQuery's way. Every connection has them; the list of
 * constructs names them. What begins with `unsupported:` depends on the types, which only DuckDB knows.
 */
export const macros: readonly string[] = [
  `bq_now() AS CAST(getvariable('bq_now') AS TIMESTAMPTZ)`,

  // What BigQuery refuses for its type, and DuckDB would convert.
  `bq_kind(type) AS CASE WHEN type IN ('BIGINT', 'INTEGER', 'HUGEINT', 'DOUBLE', 'UBIGINT', 'TINYINT') OR type LIKE 'DECIMAL%' THEN 'number' ELSE type END`,
  `bq_comparable(a, b) AS CASE
     WHEN bq_kind(typeof(a)) = bq_kind(typeof(b)) OR '"NULL"' IN (typeof(a), typeof(b)) THEN a
     ELSE error('No matching signature for a comparison of ' || typeof(a) || ' with ' || typeof(b)) END`,
  // A text in the statement, and a parameter, may stand for a day or an instant.
  `bq_comparable_text(a, b) AS CASE
     WHEN bq_kind(typeof(a)) = bq_kind(typeof(b)) OR '"NULL"' IN (typeof(a), typeof(b)) THEN a
     WHEN 'VARCHAR' IN (typeof(a), typeof(b)) AND (typeof(a) IN ('DATE', 'TIMESTAMP WITH TIME ZONE') OR typeof(b) IN ('DATE', 'TIMESTAMP WITH TIME ZONE')) THEN a
     ELSE error('No matching signature for a comparison of ' || typeof(a) || ' with ' || typeof(b)) END`,
  `bq_condition(x) AS CASE WHEN typeof(x) IN ('BOOLEAN', '"NULL"') THEN x ELSE error('A condition must be a BOOL, not ' || typeof(x)) END`,
  `bq_text(x) AS CASE WHEN typeof(x) IN ('VARCHAR', '"NULL"') THEN x ELSE error('No matching signature: a STRING is wanted, not ' || typeof(x)) END`,
  `bq_whole(x) AS CASE WHEN typeof(x) IN ('BIGINT', 'INTEGER', 'HUGEINT', '"NULL"') THEN x ELSE error('No matching signature: an INT64 is wanted, not ' || typeof(x)) END`,
  `bq_number(x) AS CASE WHEN bq_kind(typeof(x)) IN ('number', 'VARCHAR', '"NULL"') THEN x ELSE error('Invalid cast to NUMERIC from ' || typeof(x)) END`,
  `bq_summand(x) AS CASE WHEN typeof(x) = 'BOOLEAN' THEN error('No matching signature for SUM of BOOL') ELSE x END`,
  `bq_step(n) AS CASE WHEN n = 0 THEN error('Sequence step cannot be 0') ELSE bq_whole(n) END`,
  `bq_step_of_days(n) AS CASE WHEN n = to_days(0) THEN error('Sequence step cannot be 0') ELSE n END`,

  // Division by zero is an error; DuckDB gives NULL or infinity.
  `bq_divide(a, b) AS CASE WHEN b = 0 THEN error('division by zero') ELSE a / b END`,
  `bq_safe_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE a / b END`,
  `bq_div(a, b) AS CASE WHEN b = 0 THEN error('division by zero') ELSE bq_whole(a) // bq_whole(b) END`,
  `bq_mod(a, b) AS CASE WHEN b = 0 THEN error('division by zero') ELSE bq_whole(a) % bq_whole(b) END`,
  // BigQuery keeps NUMERIC at nine decimals, DuckDB at eighteen or as DOUBLE.
  `bq_no_numeric(x) AS CASE WHEN typeof(x) LIKE 'DECIMAL%' THEN error('unsupported:that function of NUMERIC:CAST(… AS FLOAT64)') ELSE x END`,
  // The difference of two dates is an INTERVAL, DuckDB's a number.
  `bq_minus(a, b) AS CASE WHEN typeof(b) IN ('DATE', 'TIMESTAMP WITH TIME ZONE') THEN error('unsupported:a difference of dates by -:DATE_DIFF or TIMESTAMP_DIFF') ELSE a - b END`,
  `bq_negative_length(n, what) AS CASE WHEN n < 0 THEN error(what || ' of a negative length') ELSE n END`,
  // Floats beyond what they can hold are errors; DuckDB gives infinity.
  `bq_finite(x) AS CASE WHEN isfinite(x) OR x IS NULL THEN x ELSE error('floating point error') END`,

  // To n decimals by the exact value, halves away from zero: DuckDB multiplies first, and makes 2.68 of 2.675.
  `bq_round(x, n) AS CASE
     WHEN typeof(x) <> 'DOUBLE' THEN round(x, n)
     WHEN abs(x * pow(2, n + 1)) < 1e15 AND CAST(x * pow(2, n + 1) AS DOUBLE) % 2 IN (1, -1) THEN round(x, n)
     ELSE CAST(printf('%.' || n || 'f', CAST(x AS DOUBLE)) AS DOUBLE) END`,
  ...castMacros,
  // As much of a second as there is: none, milliseconds or microseconds.
  `bq_instant(x, separator) AS strftime(timezone('UTC', x), '%Y-%m-%d') || separator ||
     CASE WHEN epoch_us(x) % 1000000 = 0 THEN strftime(timezone('UTC', x), '%H:%M:%S')
       WHEN epoch_us(x) % 1000 = 0 THEN strftime(timezone('UTC', x), '%H:%M:%S.%g')
       ELSE strftime(timezone('UTC', x), '%H:%M:%S.%f') END`,
  // Fifteen digits of a FLOAT64, or seventeen if they don't say it all; of an instant only as much as it has.
  `bq_string(x) AS CASE
     WHEN typeof(x) = 'DOUBLE' THEN
       CASE WHEN CAST(printf('%.15g', TRY_CAST(x AS DOUBLE)) AS DOUBLE) = TRY_CAST(x AS DOUBLE) THEN printf('%.15g', TRY_CAST(x AS DOUBLE)) ELSE printf('%.17g', TRY_CAST(x AS DOUBLE)) END
     WHEN typeof(x) LIKE 'DECIMAL%' AND contains(CAST(x AS VARCHAR), '.') THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.')
     WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN bq_instant(TRY_CAST(x AS TIMESTAMPTZ), ' ') || '+00'
     ELSE CAST(x AS VARCHAR) END`,
  `bq_json_floats(text, type) AS CASE WHEN contains(type, 'DOUBLE') THEN regexp_replace(text, '([^\\\\]":-?[0-9]+)\\.0([,}])', '\\1\\2', 'g') ELSE text END`,
  `bq_json_instants(text, type) AS CASE WHEN contains(type, 'TIMESTAMP') THEN
     regexp_replace(regexp_replace(regexp_replace(text,
       '("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\\.(?:[0-9]{3})?[0-9])\\+00"', '\\100+00"', 'g'),
       '("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\\.(?:[0-9]{3})?[0-9]{2})\\+00"', '\\10+00"', 'g'),
       '"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9:]{8}(?:\\.[0-9]+)?)\\+00"', '"\\1T\\2Z"', 'g') ELSE text END`,
  // A row's instants and whole floats, as BigQuery writes them.
  `bq_json(x) AS CASE
     WHEN x IS NULL THEN 'null'
     WHEN regexp_matches(typeof(x), 'DECIMAL|DOUBLE\\[|TIMESTAMP WITH TIME ZONE\\[') THEN error('unsupported:TO_JSON_STRING of a NUMERIC, or of a list of FLOAT64 or TIMESTAMP:it with CAST(… AS STRING) for that field')
     WHEN typeof(x) = 'DOUBLE' THEN bq_string(x)
     WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN '"' || bq_instant(TRY_CAST(x AS TIMESTAMPTZ), 'T') || 'Z"'
     WHEN typeof(x) LIKE 'STRUCT%' THEN bq_json_floats(bq_json_instants(CAST(to_json(x) AS VARCHAR), typeof(x)), typeof(x))
     ELSE CAST(to_json(x) AS VARCHAR) END`,
  // A number comes out as it is written; DuckDB makes 1.5 of 1.50.
  `bq_json_value(j, path) AS CASE
     WHEN json_type(j, path) IN ('OBJECT', 'ARRAY') THEN NULL
     WHEN json_type(j, path) = 'DOUBLE' AND NOT regexp_matches(j, '(?:^|[^0-9.eE+-])' || regexp_escape(json_extract_string(j, path)) || '(?:[^0-9.eE]|$)')
       THEN error('unsupported:JSON_VALUE of a number that is not written the shortest way:it as a text in quotes')
     ELSE json_extract_string(j, path) END`,

  // Whole units that have passed, towards zero; DuckDB's own counts the boundaries between.
  `bq_timestamp_diff(a, b, micros) AS (epoch_us(a) - epoch_us(b)) // micros`,
  `bq_floor_mod(a, n) AS ((a % n) + n) % n`,
  `bq_floor_div(a, n) AS (a - bq_floor_mod(a, n)) // n`,
  // The first day of a date's week; the week begins on the given day, Monday 1 to Sunday 7.
  `bq_week(d, first) AS d - CAST((isodow(d) - first + 7) % 7 AS INTEGER)`,
  `bq_weeks(a, b, first) AS (bq_week(a, first) - bq_week(b, first)) // 7`,

  `bq_in_list(x, l) AS CASE
     WHEN l IS NULL OR len(l) = 0 THEN FALSE
     WHEN x IS NULL THEN NULL
     WHEN list_contains(l, x) THEN TRUE
     WHEN list_count(l) < len(l) THEN NULL
     ELSE FALSE END`,
  `bq_array_concat(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END`,
  `bq_array_to_string(l, separator) AS CASE WHEN typeof(l) IN ('VARCHAR[]', '"NULL"') THEN array_to_string(l, separator) ELSE error('No matching signature for ARRAY_TO_STRING of ' || typeof(l)) END`,
  // Beyond the end is an error, and nothing counts from the end; DuckDB does, and gives NULL.
  `bq_item(l, i) AS CASE WHEN i < 0 OR i >= len(l) THEN error('Array index ' || i || ' is out of bounds') ELSE list_extract(l, i + 1) END`,
  `bq_safe_item(l, i) AS CASE WHEN i < 0 THEN NULL ELSE list_extract(l, i + 1) END`,

  // Nothing found is NULL; DuckDB gives an empty text.
  `bq_regexp_extract(s, r, g) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, g) END`,
  // Place 0 is 1, and a place before the beginning is the beginning; DuckDB counts from there.
  `bq_place(s, p) AS CASE WHEN p = 0 THEN 1 WHEN p >= 0 THEN p WHEN -p > length(s) THEN 1 ELSE length(s) + p + 1 END`,
  // All blanks that Unicode knows; DuckDB trims the space alone.
  `bq_blanks() AS ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(133) || chr(160) || chr(5760) ||
     chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8199) || chr(8200) ||
     chr(8201) || chr(8202) || chr(8232) || chr(8233) || chr(8239) || chr(8287) || chr(12288)`,
];
