-- View scrapright_purchases for DuckDB. Its types take all lines looked at so far: 1, with those that were read again.
-- Once before: INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);
CREATE OR REPLACE VIEW "scrapright_purchases" AS
SELECT * FROM read_json('s3://acme-reporting/yards/scrapright/purchases/account=*/dt=*/*.json.gz',
  format = 'newline_delimited', compression = 'gzip', hive_partitioning = true, hive_types = {'account': VARCHAR, 'dt': DATE},
  columns = {
    'Id': 'BIGINT',
    'TicketNumber': 'VARCHAR',
    'BusinessId': 'VARCHAR',
    'Lines': 'STRUCT("Line" BIGINT, "Net" DOUBLE, "Price" DOUBLE)[]',
    'Seller': 'VARCHAR',
    'IsVoid': 'BOOLEAN'
  });
