-- Table scrapright_purchases for Amazon Athena. Its types take all lines looked at so far: 0, with those that were read again.
-- A stack that was deployed with Tables: 'on' has a table of this name. Run this in a database of your own beside it, or, to
-- replace it, run DROP TABLE `scrapright_purchases` first: that removes no data, and the next change of the template's table brings its own back.
CREATE EXTERNAL TABLE `scrapright_purchases` (
  `record` string
)
PARTITIONED BY (`account` string, `dt` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
WITH SERDEPROPERTIES (
  'serialization.format' = '1'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
  OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://acme-reporting/yards/scrapright/purchases/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.account.type' = 'enum',
  'projection.account.values' = 'main,north',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2026-01-01,NOW+1DAYS',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://acme-reporting/yards/scrapright/purchases/account=${account}/dt=${dt}/'
);
