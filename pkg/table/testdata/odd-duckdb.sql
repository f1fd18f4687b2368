-- View scrapright_purchases for DuckDB. Its types take all lines looked at so far: 4, with those that were read again.
-- Once before: INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);
-- Records with a member twice: 1. DuckDB takes the first of the values.
-- Members that differ only in case, each in a column of its own: "Id", "id".
-- Records with a text of half a character (a lone surrogate): 1. It reads as the rest of the text.
-- Records with a text that is no UTF-8: 1. DuckDB leaves the record out.
-- read_json would stop at some of these lines, or lose digits: they are read as text and taken apart. In lists and objects,
-- what does not fit its type is NULL: make this anew when members changed.
CREATE OR REPLACE VIEW "scrapright_purchases" AS
SELECT
  json_extract_string(record, '/Bytes') AS "Bytes",
  CAST(json_extract_string(record, '/Id') AS BIGINT) AS "Id",
  json_extract_string(record, '/Text') AS "Text",
  CAST(json_extract_string(record, '/id') AS BIGINT) AS "id_2",
  CAST(json_extract_string(record, '/Twice') AS BIGINT) AS "Twice",
  json_extract_string(record, '/dt') AS "dt_2",
  json_extract_string(record, '/we"ird`
''$') AS "we""ird`
'$",
  json_extract_string(record, '/Long') AS "Long",
  json_extract_string(record, '/Exact') AS "Exact",
  json_extract_string(record, '/Mixed') AS "Mixed",
  json_transform(json_extract(record, '/Lines'), '[{"Exact":"DOUBLE","N":"BIGINT"}]') AS "Lines",
  account, dt
FROM (
  SELECT regexp_replace(regexp_replace(record, '(\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\1', 'g'),
    '([{,]"Exact":)(-?[0-9][-+.0-9eE]*)', '\1"\2"', 'g') AS record, account, dt
  FROM read_csv('s3://acme-reporting/yards/scrapright/purchases/account=*/dt=*/*.json.gz', columns = {'record': 'VARCHAR'}, auto_detect = false, header = false,
    delim = E'\x01', quote = '', escape = '', max_line_size = 100000000, compression = 'gzip', encoding = 'utf-8', ignore_errors = true,
    hive_partitioning = true, hive_types = {'account': VARCHAR, 'dt': DATE}));
