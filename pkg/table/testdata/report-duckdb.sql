-- View scrunch_brand_daily for DuckDB. Its types take all lines looked at so far: 1, with those that were read again.
-- Once before: INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain);
CREATE OR REPLACE VIEW "scrunch_brand_daily" AS
SELECT * FROM read_json('s3://acme-reporting/yards/scrunch/brand_daily/account=*/dt=*/*.json.gz',
  format = 'newline_delimited', compression = 'gzip', hive_partitioning = true, hive_types = {'account': VARCHAR, 'dt': DATE},
  columns = {
    'brand_id': 'BIGINT',
    'brand_name': 'VARCHAR',
    'date': 'VARCHAR',
    'responses': 'DOUBLE',
    'brand_presence_percentage': 'DOUBLE',
    'brand_position_score': 'DOUBLE',
    'brand_sentiment_score': 'DOUBLE',
    'brand_citation_rate': 'DOUBLE',
    'brand_citation_share_of_voice': 'DOUBLE',
    'citation_count': 'BIGINT',
    'citation_unique_responses': 'BIGINT',
    'citation_unique_domains': 'BIGINT'
  });
