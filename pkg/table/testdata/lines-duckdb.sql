-- View scrapright_purchases for DuckDB. Its types take all lines looked at so far: 0, with those that were read again.
-- Once before: INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);
CREATE OR REPLACE VIEW "scrapright_purchases" AS
SELECT record, account, dt FROM read_csv('s3://acme-reporting/yards/scrapright/purchases/account=*/dt=*/*.json.gz', columns = {'record': 'VARCHAR'}, auto_detect = false, header = false,
    delim = E'\x01', quote = '', escape = '', max_line_size = 100000000, compression = 'gzip',
    hive_partitioning = true, hive_types = {'account': VARCHAR, 'dt': DATE});
