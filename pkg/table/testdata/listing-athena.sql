-- Table scrapright_customers_latest for Amazon Athena. Its types take all lines looked at so far: 1, with those that were read again.
-- A stack that was deployed with Tables: 'on' has a table of this name. Run this in a database of your own beside it, or, to
-- replace it, run DROP TABLE `scrapright_customers_latest` first: that removes no data, and the next change of the template's table brings its own back.
-- The stack's table has one column, record, with the whole line: queries that use it need that one.
CREATE EXTERNAL TABLE `scrapright_customers_latest` (
  `id` bigint,
  `name` string
)
PARTITIONED BY (`account` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'case.insensitive' = 'false',
  'ignore.malformed.json' = 'false',
  'mapping.id' = 'Id',
  'mapping.name' = 'Name'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
  OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://acme-reporting/yards/latest/scrapright/customers/'
TBLPROPERTIES (
  'classification' = 'json',
  'projection.enabled' = 'true',
  'projection.account.type' = 'enum',
  'projection.account.values' = 'main,north',
  'storage.location.template' = 's3://acme-reporting/yards/latest/scrapright/customers/account=${account}/'
);
