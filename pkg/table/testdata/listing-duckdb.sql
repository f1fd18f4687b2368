-- View scrapright_customers_latest for DuckDB. Its types take all lines looked at so far: 1, with those that were read again.
-- Once before: INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);
CREATE OR REPLACE VIEW "scrapright_customers_latest" AS
SELECT * FROM read_json('s3://acme-reporting/yards/latest/scrapright/customers/account=*/*.json.gz',
  format = 'newline_delimited', compression = 'gzip', hive_partitioning = true, hive_types = {'account': VARCHAR},
  columns = {
    'Id': 'BIGINT',
    'Name': 'VARCHAR'
  });
